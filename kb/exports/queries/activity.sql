-- What had been done by the end of each day (UTC) on which {entity} did something or had something done to it: sums of
-- all days so far, known at the midnight after.
WITH events AS (
  SELECT buyer, spu, 'purchase' AS kind, ordered_at AS happened, NULL AS rating FROM fact_order_line
  UNION ALL
  SELECT buyer, spu, kind, occurred_at, rating FROM fact_interaction
), firsts AS (
  SELECT *, row_number() OVER (PARTITION BY buyer, spu ORDER BY happened) = 1 AS first
  FROM events WHERE buyer IS NOT NULL AND spu IS NOT NULL AND happened IS NOT NULL
), days AS (
  SELECT {entity}, CAST(date_trunc('day', happened) + INTERVAL 1 DAY AS TIMESTAMP) AS event_timestamp,
    count(*) FILTER (kind = 'purchase') AS purchases, count(*) FILTER (kind = 'view') AS views,
    count(*) FILTER (kind = 'cart') AS carts, count(*) FILTER (kind = 'return') AS returns,
    count(*) FILTER (first) AS {others}, count(rating) AS ratings, sum(CAST(rating AS DECIMAL(18, 4))) AS stars
  FROM firsts GROUP BY ALL
)
SELECT {entity}, event_timestamp, event_timestamp AS created_timestamp,
  CAST(sum(purchases) OVER past AS BIGINT) AS purchases, CAST(sum(views) OVER past AS BIGINT) AS views,
  CAST(sum(carts) OVER past AS BIGINT) AS carts, CAST(sum(returns) OVER past AS BIGINT) AS returns,
  CAST(sum({others}) OVER past AS BIGINT) AS {others}, CAST(sum(ratings) OVER past AS BIGINT) AS ratings,
  CAST(sum(stars) OVER past AS DOUBLE) / nullif(sum(ratings) OVER past, 0) AS mean_rating
FROM days
WINDOW past AS (PARTITION BY {entity} ORDER BY event_timestamp)
ORDER BY {entity}, event_timestamp
