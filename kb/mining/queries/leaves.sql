-- Leaf categories of the schemes that SPUs are sorted into.
WITH scheme AS (
  SELECT DISTINCT scheme.o FROM "ckb:directCategory" AS used JOIN "skos:inScheme" AS scheme ON scheme.s = used.o
)
SELECT DISTINCT leaf.s AS category FROM "ckb:Category" AS leaf
JOIN "skos:inScheme" AS own USING (s) SEMI JOIN scheme ON scheme.o = own.o
ANTI JOIN "ckb:broaderCategory" AS below ON below.o = leaf.s
