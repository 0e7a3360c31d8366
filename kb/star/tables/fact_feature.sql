-- key: content, spu
-- Which content shows which SPU (by itself, a variant, an offer or a listing of it), and when it came out.
SELECT f.s AS content, coalesce(variant.o, offered.o, listed.o, itself.s) AS spu, author.o AS influencer,
  coalesce(published.o, started.o) AS published_at
FROM "ckb:features" AS f
LEFT JOIN "ckb:variantOf" AS variant ON variant.s = f.o
LEFT JOIN "ckb:offersSku" AS sku ON sku.s = f.o
LEFT JOIN "ckb:variantOf" AS offered ON offered.s = sku.o
LEFT JOIN "ckb:listsSpu" AS listed ON listed.s = f.o
LEFT JOIN "ckb:SPU" AS itself ON itself.s = f.o
LEFT JOIN "ckb:createdBy" AS author ON author.s = f.s
LEFT JOIN "ckb:publishedAt.instant" AS published ON published.s = f.s
LEFT JOIN "ckb:startedAt.instant" AS started ON started.s = f.s
WHERE coalesce(variant.o, offered.o, listed.o, itself.s) IS NOT NULL
