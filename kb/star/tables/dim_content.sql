-- Videos, live streams and their segments, posts: whose they are, when they came, whether they are paid for.
WITH kinds AS (
  SELECT s, 'short video' AS kind FROM "ckb:ShortVideo"
  UNION ALL SELECT s, 'live stream' FROM "ckb:LiveStream"
  UNION ALL SELECT s, 'live segment' FROM "ckb:LiveSegment"
  UNION ALL SELECT s, 'post' FROM "ckb:Post"
)
SELECT c.s AS content, kinds.kind AS kind, author.o AS influencer, stream.o AS live_stream,
  coalesce(published.o, started.o) AS published_at, duration.o AS duration_seconds, sponsored.s IS NOT NULL AS is_sponsored,
  campaign.s AS campaign
FROM "ckb:Content" AS c
LEFT JOIN kinds USING (s)
LEFT JOIN "ckb:createdBy" AS author USING (s)
LEFT JOIN "ckb:segmentOf" AS stream USING (s)
LEFT JOIN "ckb:publishedAt.instant" AS published USING (s)
LEFT JOIN "ckb:startedAt.instant" AS started USING (s)
LEFT JOIN "ckb:duration.double" AS duration USING (s)
LEFT JOIN "ckb:SponsoredContent" AS sponsored USING (s)
LEFT JOIN "ckb:hasContent" AS campaign ON campaign.o = c.s
