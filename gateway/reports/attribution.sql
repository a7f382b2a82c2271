-- Which arrivals earned the revenue? Journeys of visitors who may be recognised: their arrivals, {lookback} days back from
-- each order. Orders whose journey nobody knows come with an empty path, so that the revenue is whole.
-- `arrivals` are read from {begin} on, which lies {lookback} days before {since}.

-- name: orders
WITH
    orders AS (
        SELECT order_id, event_time AS ordered_at, currency, value, if(visitor_kind = 'durable', cityHash64(site, visitor), 0) AS actor
        FROM gateway.conversions
        WHERE ${site_days} AND event = 'purchase'
    ),
    arrivals AS (
        SELECT actor, arraySort(groupArray((fromUnixTimestamp64Milli(reinterpretAsInt64(reverse(unhex(substring(entry, 1, 16)))), 'UTC'), ${arrival}))) AS touches
        FROM (${visits})
        WHERE entry != '~' AND actor IN (SELECT actor FROM orders)
        GROUP BY actor
    )
SELECT
    currency,
    path,
    count() AS orders,
    groupUniqArray(actor) AS actors,
    sum(value) AS revenue,
    sumForEach(arrayMap(weight -> toFloat64(value) * weight / arraySum(weights), weights)) AS decayed
FROM (
    SELECT
        orders.actor AS actor,
        orders.currency AS currency,
        orders.value AS value,
        arrayFilter(touch -> touch.1 <= orders.ordered_at AND touch.1 > orders.ordered_at - toIntervalDay({lookback:UInt16}), arrivals.touches) AS known,
        known.2 AS path,
        arrayMap(touch -> exp2(-dateDiff('second', touch.1, orders.ordered_at) / 86400 / {half_life:Float64}), known) AS weights
    FROM orders
    LEFT JOIN arrivals ON arrivals.actor = orders.actor
)
GROUP BY currency, path

-- name: steps
WITH marks AS (
    SELECT actor, substring(entry, 1, 16) AS at, 0 AS is_order, ${arrival} AS name
    FROM (${visits})
    WHERE entry != '~'
    UNION ALL
    SELECT cityHash64(site, visitor) AS actor, leftPad(hex(toUnixTimestamp64Milli(event_time)), 16, '0') AS at, 1 AS is_order, '(order)' AS name
    FROM gateway.conversions
    WHERE (site = {site:String} OR {site:String} = '') AND day >= {begin:Date} AND day < {until:Date} AND event = 'purchase' AND visitor_kind = 'durable'
)
SELECT step.1 AS before, step.2 AS after, count() AS times
FROM (
    SELECT arraySort(groupArray((at, is_order, name))).3 AS names, arrayJoin(arrayZip(arrayPushFront(names, '(start)'), arrayPushBack(names, '(end)'))) AS step
    FROM marks
    GROUP BY actor
)
GROUP BY before, after
