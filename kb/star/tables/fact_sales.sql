-- What panels report of sales: units or value of a product (or of whatever is counted), in a region and a period.
SELECT v.s AS observation, item.o AS item, metric.o AS metric, region.o AS region, start.o AS period_start,
  until.o AS period_end, result.o AS value, currency.o AS currency, source.o AS source
FROM "ckb:SalesObservation" AS v
LEFT JOIN "ckb:observedEntity" AS item USING (s)
LEFT JOIN "ckb:observedMetric" AS metric USING (s)
LEFT JOIN "ckb:observedRegion" AS region USING (s)
LEFT JOIN "ckb:periodStart.instant" AS start USING (s)
LEFT JOIN "ckb:periodEnd.instant" AS until USING (s)
LEFT JOIN "ckb:numericResult.decimal" AS result USING (s)
LEFT JOIN "ckb:currency.text" AS currency USING (s)
LEFT JOIN "ckb:observationSource.text" AS source USING (s)
