-- What a buyer prefers more than others do: brands, categories of any level, price bands. A share is drawn towards
-- everybody's, so that one purchase says little.
WITH held AS (
  SELECT buyer, kind, value, sum(weight) AS weight, count(*) AS times FROM touch JOIN trait USING (spu) GROUP BY ALL
), whole AS (
  SELECT buyer, sum(weight) AS weight FROM touch GROUP BY buyer
), base AS (
  SELECT kind, value, sum(weight) / (SELECT sum(weight) FROM touch) AS share FROM touch JOIN trait USING (spu) GROUP BY ALL
), drawn AS (
  SELECT buyer, kind, value, times, share, (held.weight + $prior * share) / (whole.weight + $prior) AS own
  FROM held JOIN whole USING (buyer) JOIN base USING (kind, value)
)
SELECT buyer, kind, value, times, own / share AS lift, 1 - share / own AS score FROM drawn
WHERE times >= 2 AND own >= $lift * share
QUALIFY row_number() OVER (PARTITION BY buyer, kind ORDER BY own * ln(own / share) DESC, value) <= $most
ORDER BY ALL
