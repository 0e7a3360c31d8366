-- key: spu, substitute
-- Products that can stand in for each other, both ways.
SELECT r.s AS spu, r.o AS substitute FROM "ckb:substituteFor" AS r
