-- Campaigns and when they ran.
SELECT c.s AS campaign, en.o AS name, zh.o AS name_zh, start.o AS started_at, until.o AS ended_at
FROM "ckb:Campaign" AS c
LEFT JOIN "rdfs:label.en" AS en USING (s)
LEFT JOIN "rdfs:label.zh" AS zh USING (s)
LEFT JOIN "ckb:startedAt.instant" AS start USING (s)
LEFT JOIN "ckb:endedAt.instant" AS until USING (s)
