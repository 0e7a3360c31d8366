-- Influencers: tier, declared niche, followers when they were last counted.
SELECT i.s AS influencer, en.o AS name, zh.o AS name_zh, tier.o AS tier, niche.o AS niche, followers.o AS followers,
  counted.o AS followers_observed_at
FROM "ckb:Influencer" AS i
LEFT JOIN "rdfs:label.en" AS en USING (s)
LEFT JOIN "rdfs:label.zh" AS zh USING (s)
LEFT JOIN "ckb:hasTier" AS tier USING (s)
LEFT JOIN "ckb:nicheCategory" AS niche USING (s)
LEFT JOIN "ckb:followerCount.integer" AS followers USING (s)
LEFT JOIN "ckb:followersObservedAt.instant" AS counted USING (s)
