-- What buyers did with SPUs: one row for each pair, as of the first time; the strongest kind counts.
WITH events AS (
  SELECT buyer, spu AS item, 'purchase' AS kind, 4 AS strength, ordered_at AS happened, NULL AS rating FROM fact_order_line
  UNION ALL
  SELECT buyer, spu, kind, CASE kind WHEN 'review' THEN 3 WHEN 'cart' THEN 2 ELSE 1 END, occurred_at, rating
  FROM fact_interaction WHERE kind != 'return'
)
SELECT buyer, item, arg_max(kind, strength) AS kind, count(*) AS times, arg_max(rating, happened) AS rating,
  min(happened) AS occurred_at
FROM events
WHERE buyer IS NOT NULL AND item IS NOT NULL AND happened IS NOT NULL
GROUP BY buyer, item
ORDER BY occurred_at, buyer, item
