-- Merchants and whether a brand has authorised them.
SELECT m.s AS merchant, en.o AS name, zh.o AS name_zh, authorized.s IS NOT NULL AS is_authorized
FROM "ckb:Merchant" AS m
LEFT JOIN "rdfs:label.en" AS en USING (s)
LEFT JOIN "rdfs:label.zh" AS zh USING (s)
LEFT JOIN "ckb:AuthorizedMerchant" AS authorized USING (s)
