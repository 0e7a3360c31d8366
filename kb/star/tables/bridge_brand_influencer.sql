-- key: brand, influencer
-- Which influencers promote which brands.
SELECT p.o AS brand, p.s AS influencer FROM "ckb:promotesBrand" AS p
