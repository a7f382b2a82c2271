-- What does each seller sell, and how are orders split across them?

-- name: sales
${sales}

-- name: revenue
SELECT currency, sum(value) AS revenue, groupUniqArray({told:UInt64})(${buyer}) AS people
FROM gateway.conversions
WHERE ${site_days} AND event = 'purchase' AND order_id != ''
GROUP BY currency
ORDER BY currency

-- name: interest
SELECT seller_id AS seller, countIf(event = 'product_view') AS views, countIf(event = 'add_to_cart') AS carts
FROM gateway.events
WHERE ${events} AND event IN ('product_view', 'add_to_cart') AND seller_id != ''
GROUP BY seller

-- name: splits
SELECT length(arrayDistinct(items.seller_id)) AS sellers, currency, count() AS orders, sum(value) AS revenue
FROM gateway.conversions
WHERE ${site_days} AND event = 'purchase' AND order_id != '' AND notEmpty(items)
GROUP BY sellers, currency
ORDER BY sellers, currency
