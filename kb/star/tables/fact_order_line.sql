-- Lines of orders: what was bought, by and from whom, for how much, and which content it is attributed to.
SELECT line.o AS order_line, line.s AS "order", buyer.o AS buyer, ordered.o AS ordered_at, sku.o AS sku, spu.o AS spu,
  offer.o AS offer, merchant.o AS merchant, content.o AS content, influencer.o AS influencer, quantity.o AS quantity,
  price.o AS unit_price, CAST(quantity.o * price.o AS DECIMAL(18, 4)) AS amount, currency.o AS currency
FROM "ckb:hasLine" AS line
LEFT JOIN "ckb:placedBy" AS buyer ON buyer.s = line.s
LEFT JOIN "ckb:orderedAt.instant" AS ordered ON ordered.s = line.s
LEFT JOIN "ckb:currency.text" AS currency ON currency.s = line.s
LEFT JOIN "ckb:lineSku" AS sku ON sku.s = line.o
LEFT JOIN "ckb:variantOf" AS spu ON spu.s = sku.o
LEFT JOIN "ckb:lineOffer" AS offer ON offer.s = line.o
LEFT JOIN "ckb:offeredBy" AS merchant ON merchant.s = offer.o
LEFT JOIN "ckb:attributedToContent" AS content ON content.s = line.o
LEFT JOIN "ckb:attributedToInfluencer" AS influencer ON influencer.s = line.o
LEFT JOIN "ckb:quantity.integer" AS quantity ON quantity.s = line.o
LEFT JOIN "ckb:unitPrice.decimal" AS price ON price.s = line.o
