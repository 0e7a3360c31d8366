-- Pairs of SPUs that stand together in `unit` (baskets, or what a buyer looked at within a week), one row for each
-- direction. `confidence` is the decayed share of the first one's units that hold the second; `sure` its lower bound
-- (Wilson, 95 %), against the share of all units.
WITH one AS (
  SELECT spu, count(*) AS times, sum(weight) AS weight FROM unit GROUP BY spu
), whole AS (
  SELECT count(DISTINCT unit) AS times FROM unit
), pair AS (
  SELECT a.spu AS spu, b.spu AS other, count(*) AS times, sum(a.weight) AS weight, min(a.moment) AS first, max(a.moment) AS last
  FROM unit AS a JOIN unit AS b ON a.unit = b.unit AND a.spu <> b.spu
  GROUP BY ALL HAVING count(*) >= $support
), shares AS (
  SELECT pair.spu, pair.other, pair.times, pair.first, pair.last, pair.weight / a.weight AS confidence,
    a.times AS n, pair.times / a.times AS p, b.times / whole.times AS base
  FROM pair JOIN one AS a ON a.spu = pair.spu JOIN one AS b ON b.spu = pair.other CROSS JOIN whole
), bound AS (
  SELECT *, (p + 1.92 / n - 1.96 * sqrt(p * (1 - p) / n + 0.96 / (n * n))) / (1 + 3.84 / n) AS sure FROM shares
)
SELECT spu, other, times, confidence, p / base AS lift, 1 - base / sure AS score, a.category = b.category AS same_category
FROM bound JOIN spu AS a USING (spu) JOIN spu AS b ON b.spu = bound.other
WHERE sure > base AND p >= $lift * base AND date_diff('day', first, last) >= $days
  AND NOT EXISTS (
  FROM barred WHERE barred.a = bound.spu AND barred.b = bound.other AND barred.unit = $unit
)
QUALIFY row_number() OVER (PARTITION BY spu, same_category ORDER BY score DESC, other) <= $most
ORDER BY ALL
