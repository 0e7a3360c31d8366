-- key: brand, market
-- Which brands sell in which market segments.
SELECT m.s AS brand, m.o AS market FROM "ckb:inMarket" AS m
