-- Shopping needs.
SELECT n.s AS need, en.o AS name, zh.o AS name_zh, broader.o AS broader
FROM "ckb:Need" AS n
LEFT JOIN "skos:prefLabel.en" AS en USING (s)
LEFT JOIN "skos:prefLabel.zh" AS zh USING (s)
LEFT JOIN "ckb:broaderNeed" AS broader USING (s)
