-- Brands: the brand above each, the one at the head of the family, and the group that owns it.
WITH RECURSIVE parent AS (
  SELECT s, min(o) AS o FROM "ckb:directSubBrandOf" GROUP BY s
), way AS (
  SELECT s, s AS family, 0 AS steps FROM "ckb:Brand" WHERE s NOT IN (SELECT s FROM parent)
  UNION
  SELECT parent.s, way.family, way.steps + 1 FROM way JOIN parent ON parent.o = way.s WHERE way.steps < 32
)
SELECT b.s AS brand, en.o AS name, zh.o AS name_zh, parent.o AS parent, coalesce(way.family, b.s) AS family,
  owner.o AS owner
FROM "ckb:Brand" AS b
LEFT JOIN parent USING (s)
LEFT JOIN way USING (s)
LEFT JOIN "ckb:brandOwner" AS owner USING (s)
LEFT JOIN "rdfs:label.en" AS en USING (s)
LEFT JOIN "rdfs:label.zh" AS zh USING (s)
