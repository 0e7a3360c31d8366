-- key: campaign, spu
-- What campaigns promote, as SPUs.
SELECT p.s AS campaign, coalesce(variant.o, offered.o, itself.s) AS spu
FROM "ckb:campaignPromotes" AS p
LEFT JOIN "ckb:variantOf" AS variant ON variant.s = p.o
LEFT JOIN "ckb:offersSku" AS sku ON sku.s = p.o
LEFT JOIN "ckb:variantOf" AS offered ON offered.s = sku.o
LEFT JOIN "ckb:SPU" AS itself ON itself.s = p.o
WHERE coalesce(variant.o, offered.o, itself.s) IS NOT NULL
