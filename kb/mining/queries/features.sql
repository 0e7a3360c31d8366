-- What SPUs and categories have in common with each other: pieces of their names (three letters, two characters of
-- Chinese) as far as categories are called by them, attributes (stated, or asked for by the category) and values of
-- attributes. Not the brand, and not the category that an SPU sits in.
WITH english AS (
  SELECT s, o, false AS of_category FROM "rdfs:label.en" SEMI JOIN "ckb:SPU" USING (s)
  UNION SELECT s, o, true FROM "skos:prefLabel.en" SEMI JOIN "ckb:Category" USING (s)
), chinese AS (
  SELECT s, o, false AS of_category FROM "rdfs:label.zh" SEMI JOIN "ckb:SPU" USING (s)
  UNION SELECT s, o, true FROM "skos:prefLabel.zh" SEMI JOIN "ckb:Category" USING (s)
), word AS (
  SELECT s, ' ' || unnest(string_split_regex(lower(o), '[^a-z0-9]+')) || ' ' AS word, of_category FROM english
), piece AS (
  SELECT s, substr(word, place, 3) AS piece, of_category FROM word, unnest(range(1, length(word) - 1)) AS spot(place)
  UNION ALL SELECT s, substr(o, place, 2), of_category FROM chinese, unnest(range(1, length(o))) AS spot(place)
)
SELECT s AS node, 'text ' || piece AS feature FROM piece
WHERE piece IN (SELECT piece FROM piece WHERE of_category)
UNION ALL SELECT stated.s, 'attribute ' || attribute.o FROM "ckb:hasAttributeAssertion" AS stated
JOIN "ckb:ofAttribute" AS attribute ON attribute.s = stated.o
UNION ALL SELECT s, 'attribute ' || o FROM "ckb:categoryRequires"
UNION ALL SELECT s, 'value ' || o FROM "ckb:hasAttributeValue" SEMI JOIN "ckb:SPU" USING (s)
