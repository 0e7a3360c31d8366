-- What SPUs are by: brand, categories of every level, and price band, by fifths of the prices in their category.
WITH price AS (
  SELECT spu, median(unit_price) AS price FROM order_line WHERE unit_price IS NOT NULL GROUP BY spu
), banded AS (
  SELECT spu.spu, ['entry', 'value', 'mid', 'premium', 'luxury'][
    CAST(1 + floor(4.999 * percent_rank() OVER (PARTITION BY category ORDER BY price)) AS INTEGER)
  ] AS band, count(*) OVER (PARTITION BY category) AS others
  FROM price JOIN spu ON spu.spu = price.spu
)
SELECT spu, 'brand' AS kind, brand AS value FROM spu WHERE brand IS NOT NULL
UNION SELECT spu, 'category', above.ancestor FROM spu JOIN above ON above.category = spu.category
UNION SELECT spu, 'price band', $bands || band FROM banded WHERE others >= 5
