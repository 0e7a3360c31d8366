-- What parties deal in: each SPU that a merchant offers once, each SPU in each content of an influencer.
WITH deal AS (
  SELECT DISTINCT 'merchant' AS kind, offer.merchant AS party, sku.spu AS spu, NULL AS content, NULL::TIMESTAMP AS moment
  FROM offer JOIN sku ON sku.sku = offer.sku
  UNION ALL
  SELECT DISTINCT 'influencer', influencer, spu, content, published_at FROM feature
)
SELECT deal.kind, deal.party, deal.spu, deal.content, deal.moment, spu.category
FROM deal JOIN spu ON spu.spu = deal.spu
WHERE deal.party IS NOT NULL AND spu.category IS NOT NULL AND deal.kind = $kind
ORDER BY ALL
