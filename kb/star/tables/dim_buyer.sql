-- Buyers by pseudonym, and the segment that each is in.
SELECT b.s AS buyer, segment.o AS segment FROM "ckb:Buyer" AS b LEFT JOIN "ckb:inSegment" AS segment USING (s)
