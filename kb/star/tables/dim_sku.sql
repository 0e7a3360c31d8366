-- Stock keeping units: the SPU that each is a variant of, its GTIN.
SELECT k.s AS sku, en.o AS name, zh.o AS name_zh, spu.o AS spu, gtin.o AS gtin, bundle.s IS NOT NULL AS is_bundle
FROM "ckb:SKU" AS k
LEFT JOIN "rdfs:label.en" AS en USING (s)
LEFT JOIN "rdfs:label.zh" AS zh USING (s)
LEFT JOIN "ckb:variantOf" AS spu USING (s)
LEFT JOIN "ckb:gtin.text" AS gtin USING (s)
LEFT JOIN "ckb:Bundle" AS bundle USING (s)
