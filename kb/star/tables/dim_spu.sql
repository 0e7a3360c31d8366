-- Standard product units with their own brand, leaf category and series.
SELECT p.s AS spu, en.o AS name, zh.o AS name_zh, brand.o AS brand, category.o AS category, series.o AS series,
  model.o AS model_number, seen.o AS first_seen_at
FROM "ckb:SPU" AS p
LEFT JOIN "rdfs:label.en" AS en USING (s)
LEFT JOIN "rdfs:label.zh" AS zh USING (s)
LEFT JOIN "ckb:directBrand" AS brand USING (s)
-- The placeholder gives way to a category that was mined (CKB-004).
LEFT JOIN (
  SELECT s, arg_min(o, o IN (SELECT s FROM "skos:prefLabel.text" WHERE o = 'uncategorised')) AS o
  FROM "ckb:directCategory" GROUP BY s
) AS category USING (s)
LEFT JOIN "ckb:inSeries" AS series USING (s)
LEFT JOIN "ckb:modelNumber.text" AS model USING (s)
LEFT JOIN "ckb:firstSeenAt.instant" AS seen USING (s)
