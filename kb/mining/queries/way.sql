-- By category the categories above it and itself, with their levels from the top (1).
SELECT above.category, above.ancestor, category.level
FROM above JOIN category ON category.category = above.ancestor
ORDER BY above.category, category.level
