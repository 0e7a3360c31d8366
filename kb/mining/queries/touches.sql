-- What buyers did with SPUs: bought and kept, put into the cart, looked at; what is older weighs less.
WITH done AS (
  SELECT buyer, spu, ordered_at AS moment, 1.0 AS weight, true AS bought FROM order_line
  WHERE order_line NOT IN (SELECT line FROM returned)
  UNION ALL
  SELECT buyer, spu, occurred_at, CASE kind WHEN 'cart' THEN 0.3 ELSE 0.1 END, false FROM interaction
  WHERE kind IN ('cart', 'view')
)
SELECT buyer, spu, moment, bought,
  weight * 0.5 ** (date_diff('day', moment, (SELECT max(moment) FROM done)) / $half_life) AS weight
FROM done WHERE buyer IS NOT NULL AND spu IS NOT NULL AND moment IS NOT NULL
