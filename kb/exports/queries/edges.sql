-- What is known of products and of what is around them, without inverses and symmetric twins; `known_at` is empty for
-- what holds whenever it was said. Relations that are mined from behaviour are here only with the time of their mining.
WITH assertions AS (
  SELECT subject.o AS head, object.o AS tail, max(score.o) AS confidence, min(ended.o) AS known_at
  FROM "ckb:relationSubject" AS subject
  JOIN "ckb:relationObject" AS object USING (s)
  LEFT JOIN "ckb:score.double" AS score USING (s)
  LEFT JOIN "prov:wasGeneratedBy" AS activity USING (s)
  LEFT JOIN "prov:endedAtTime.instant" AS ended ON ended.s = activity.o
  GROUP BY ALL
), behaviour AS (
  SELECT least(s, o) AS head, greatest(s, o) AS tail, 'ckb:complementOf' AS relation FROM "ckb:complementOf"
  UNION
  SELECT least(s, o), greatest(s, o), 'ckb:substituteFor' FROM "ckb:substituteFor"
)
SELECT s AS head, 'ckb:directBrand' AS relation, o AS tail, 'asserted' AS origin, 1.0 AS confidence,
  CAST(NULL AS TIMESTAMP) AS known_at
FROM "ckb:directBrand" SEMI JOIN "ckb:SPU" USING (s)
UNION SELECT s, 'ckb:directCategory', o, 'asserted', 1.0, NULL FROM "ckb:directCategory" SEMI JOIN "ckb:SPU" USING (s)
UNION SELECT s, 'ckb:inSeries', o, 'asserted', 1.0, NULL FROM "ckb:inSeries" SEMI JOIN "ckb:SPU" USING (s)
UNION SELECT s, 'ckb:broaderCategory', o, 'asserted', 1.0, NULL FROM "ckb:broaderCategory"
UNION SELECT s, 'ckb:directSubBrandOf', o, 'asserted', 1.0, NULL FROM "ckb:directSubBrandOf"
UNION SELECT s, 'ckb:brandOwner', o, 'asserted', 1.0, NULL FROM "ckb:brandOwner"
UNION SELECT s, 'ckb:directSubOrganizationOf', o, 'asserted', 1.0, NULL FROM "ckb:directSubOrganizationOf"
UNION SELECT s, 'ckb:satisfiesNeed', o, 'asserted', 1.0, NULL FROM "ckb:satisfiesNeed" SEMI JOIN "ckb:SPU" USING (s)
UNION SELECT s, 'ckb:broaderNeed', o, 'asserted', 1.0, NULL FROM "ckb:broaderNeed"
UNION SELECT s, 'ckb:directlySupersedes', o, 'asserted', 1.0, NULL FROM "ckb:directlySupersedes"
UNION SELECT s, 'ckb:accessoryFor', o, 'asserted', 1.0, NULL FROM "ckb:accessoryFor"
UNION SELECT s, 'ckb:broaderValue', o, 'asserted', 1.0, NULL FROM "ckb:broaderValue"
UNION SELECT s, 'ckb:hasAttributeValue', o, 'inferred', 1.0, NULL
FROM "ckb:hasAttributeValue" SEMI JOIN "ckb:SPU" USING (s)
UNION SELECT s, 'ckb:hasTier', o, 'asserted', 1.0, NULL FROM "ckb:hasTier"
UNION SELECT s, 'ckb:nicheCategory', o, 'asserted', 1.0, NULL FROM "ckb:nicheCategory"
UNION SELECT merchant.o, 'ckb:sells', spu.o, 'inferred', 1.0, min(start.o)
FROM "ckb:offeredBy" AS merchant
JOIN "ckb:offersSku" AS sku USING (s)
JOIN "ckb:variantOf" AS spu ON spu.s = sku.o
LEFT JOIN "ckb:validFrom.instant" AS start ON start.s = merchant.s
GROUP BY ALL
UNION SELECT feature.s, 'ckb:features', coalesce(variant.o, offered.o, itself.s), 'inferred', 1.0,
  coalesce(published.o, started.o)
FROM "ckb:features" AS feature
LEFT JOIN "ckb:variantOf" AS variant ON variant.s = feature.o
LEFT JOIN "ckb:offersSku" AS sku ON sku.s = feature.o
LEFT JOIN "ckb:variantOf" AS offered ON offered.s = sku.o
LEFT JOIN "ckb:SPU" AS itself ON itself.s = feature.o
LEFT JOIN "ckb:publishedAt.instant" AS published ON published.s = feature.s
LEFT JOIN "ckb:startedAt.instant" AS started ON started.s = feature.s
WHERE coalesce(variant.o, offered.o, itself.s) IS NOT NULL
UNION SELECT author.s, 'ckb:createdBy', author.o, 'asserted', 1.0, coalesce(published.o, started.o)
FROM "ckb:createdBy" AS author
LEFT JOIN "ckb:publishedAt.instant" AS published USING (s)
LEFT JOIN "ckb:startedAt.instant" AS started USING (s)
UNION SELECT behaviour.head, behaviour.relation, behaviour.tail, 'mined', assertions.confidence, assertions.known_at
FROM behaviour
JOIN assertions ON (assertions.head = behaviour.head AND assertions.tail = behaviour.tail)
  OR (assertions.head = behaviour.tail AND assertions.tail = behaviour.head)
WHERE assertions.known_at IS NOT NULL
