-- key: need, spu
-- Which SPUs serve which shopping needs, as somebody stated it of the need or of a narrower one.
WITH RECURSIVE served AS (
  SELECT n.o AS need, n.s AS spu FROM "ckb:satisfiesNeed" AS n SEMI JOIN "ckb:SPU" USING (s)
  UNION
  SELECT broader.o, served.spu FROM served JOIN "ckb:broaderNeed" AS broader ON broader.s = served.need
)
SELECT need AS need, spu AS spu FROM served
