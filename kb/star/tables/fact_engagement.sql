-- Views, likes and searches as they were counted, of contents, needs, influencers.
SELECT v.s AS observation, item.o AS item, metric.o AS metric, seen.o AS observed_at, result.o AS value, source.o AS source
FROM "ckb:EngagementObservation" AS v
LEFT JOIN "ckb:observedEntity" AS item USING (s)
LEFT JOIN "ckb:observedMetric" AS metric USING (s)
LEFT JOIN "ckb:observedAt.instant" AS seen USING (s)
LEFT JOIN "ckb:numericResult.double" AS result USING (s)
LEFT JOIN "ckb:observationSource.text" AS source USING (s)
