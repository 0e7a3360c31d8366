-- Categories of all schemes: parent, depth from the top (1), the names on the way down to each.
WITH RECURSIVE parent AS (
  SELECT s, min(o) AS o FROM "ckb:broaderCategory" GROUP BY s
), named AS (
  SELECT c.s, min(en.o) AS name, min(zh.o) AS name_zh
  FROM "ckb:Category" AS c
  LEFT JOIN "skos:prefLabel.en" AS en USING (s)
  LEFT JOIN "skos:prefLabel.zh" AS zh USING (s)
  GROUP BY c.s
), way AS (
  SELECT s, s AS top, 1 AS level, [name] AS path FROM named WHERE s NOT IN (SELECT s FROM parent)
  UNION
  SELECT named.s, way.top, way.level + 1, list_append(way.path, named.name)
  FROM way JOIN parent ON parent.o = way.s JOIN named ON named.s = parent.s
  WHERE way.level < 32
)
SELECT named.s AS category, name, name_zh, parent.o AS parent, way.top AS top, way.level AS level, way.path AS path
FROM named LEFT JOIN parent USING (s) LEFT JOIN way USING (s)
