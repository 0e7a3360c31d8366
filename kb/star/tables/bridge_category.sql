-- key: category, ancestor
-- Each category with itself and all that are above it.
WITH RECURSIVE parent AS (
  SELECT s, o FROM "ckb:broaderCategory"
), way AS (
  SELECT s AS category, s AS ancestor FROM "ckb:Category"
  UNION
  SELECT way.category, parent.o FROM way JOIN parent ON parent.s = way.ancestor
)
SELECT category AS category, ancestor AS ancestor FROM way
