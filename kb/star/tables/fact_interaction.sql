-- Views, carts, reviews and returns: by whom, of what (a product, an offer, a listing, a content), and of which SPU.
WITH kinds AS (
  SELECT s, 'view' AS kind FROM "ckb:ViewEvent"
  UNION ALL SELECT s, 'cart' FROM "ckb:CartEvent"
  UNION ALL SELECT s, 'review' FROM "ckb:ReviewEvent"
  UNION ALL SELECT s, 'return' FROM "ckb:ReturnEvent"
)
SELECT e.s AS interaction, kinds.kind AS kind, buyer.o AS buyer, item.o AS item,
  coalesce(variant.o, offered.o, listed.o, itself.s) AS spu, occurred.o AS occurred_at, rating.o AS rating
FROM "ckb:Interaction" AS e
LEFT JOIN kinds USING (s)
LEFT JOIN "ckb:interactionBy" AS buyer USING (s)
LEFT JOIN "ckb:interactionTarget" AS item USING (s)
LEFT JOIN "ckb:variantOf" AS variant ON variant.s = item.o
LEFT JOIN "ckb:offersSku" AS sku ON sku.s = item.o
LEFT JOIN "ckb:variantOf" AS offered ON offered.s = sku.o
LEFT JOIN "ckb:listsSpu" AS listed ON listed.s = item.o
LEFT JOIN "ckb:SPU" AS itself ON itself.s = item.o
LEFT JOIN "ckb:occurredAt.instant" AS occurred ON occurred.s = e.s
LEFT JOIN "ckb:rating.double" AS rating ON rating.s = e.s
