-- Offers as they stand: a merchant's price for an SKU, in a listing, for a region.
SELECT f.s AS offer, sku.o AS sku, merchant.o AS merchant, listing.o AS listing, region.o AS region, price.o AS price,
  currency.o AS currency, start.o AS valid_from, until.o AS valid_through
FROM "ckb:Offer" AS f
LEFT JOIN "ckb:offersSku" AS sku USING (s)
LEFT JOIN "ckb:offeredBy" AS merchant USING (s)
LEFT JOIN "ckb:inListing" AS listing USING (s)
LEFT JOIN "ckb:offerRegion" AS region USING (s)
LEFT JOIN "ckb:price.decimal" AS price USING (s)
LEFT JOIN "ckb:currency.text" AS currency USING (s)
LEFT JOIN "ckb:validFrom.instant" AS start USING (s)
LEFT JOIN "ckb:validThrough.instant" AS until USING (s)
