-- Orders and revenue by day and currency, in both periods. An order that was sent twice counts once.
SELECT
    day >= {since:Date} AS now,
    day,
    currency,
    countIf(order_id != '') AS orders,
    countIf(order_id = '') AS unnamed,
    sum(value) AS revenue
FROM gateway.conversions
WHERE (site = {site:String} OR {site:String} = '') AND day >= {before:Date} AND day < {until:Date} AND event = 'purchase'
GROUP BY now, day, currency
