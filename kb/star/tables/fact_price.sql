-- Prices as they were observed.
SELECT p.s AS observation, offer.o AS offer, sku.o AS sku, merchant.o AS merchant, seen.o AS observed_at, price.o AS price,
  currency.o AS currency, source.o AS source
FROM "ckb:PriceObservation" AS p
LEFT JOIN "ckb:observedEntity" AS offer USING (s)
LEFT JOIN "ckb:offersSku" AS sku ON sku.s = offer.o
LEFT JOIN "ckb:offeredBy" AS merchant ON merchant.s = offer.o
LEFT JOIN "ckb:observedAt.instant" AS seen ON seen.s = p.s
LEFT JOIN "ckb:numericResult.decimal" AS price ON price.s = p.s
LEFT JOIN "ckb:currency.text" AS currency ON currency.s = p.s
LEFT JOIN "ckb:observationSource.text" AS source ON source.s = p.s
