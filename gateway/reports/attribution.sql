-- Which arrivals earned the revenue? Journeys of visitors who may be recognised: their arrivals, {lookback} days back from
-- each order. Orders whose journey nobody knows come with an empty path, so that the revenue is whole.
-- `arrivals` are read from {begin} on, which lies {lookback} days before {since}.

-- name: orders
WITH
    (${continued}) AS continued,
    orders AS (
        SELECT order_id, event_time AS ordered_at, currency, value, if(visitor_kind = 'durable', cityHash64(site, visitor), 0) AS actor
        FROM gateway.conversions
        WHERE ${site_days} AND event = 'purchase'
    ),
    arrivals AS (
        SELECT actor, arraySort(groupArray((fromUnixTimestamp64Milli(toInt64(bitShiftRight(entry, 64)), 'UTC'), ${arrival}))) AS touches
        FROM (SELECT actor, entry, toUInt64(entry) AS id FROM (${visits}) WHERE entry != bitNot(toUInt128(0)) AND actor IN (SELECT actor FROM orders)) AS came
        LEFT ANY JOIN (${arrival_names}) AS names ON names.id = came.id
        GROUP BY actor
    )
SELECT
    currency,
    path,
    count() AS orders,
    groupUniqArray({told:UInt64})(actor) AS actors,
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
-- Numbers, for they are sorted and grouped by the million: the time in the upper 64 bits, in the lower which arrival; there
-- 0 is the start of a journey, 1 its end, all bits an order, which so comes after an arrival of the same moment.
WITH
    (${continued}) AS continued,
    marks AS (
        SELECT actor, entry AS mark
        FROM (${visits})
        WHERE entry != bitNot(toUInt128(0))
        UNION ALL
        SELECT cityHash64(site, visitor) AS actor, bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(event_time)), 64), toUInt128(bitNot(toUInt64(0)))) AS mark
        FROM gateway.conversions
        WHERE (site = {site:String} OR {site:String} = '') AND day >= {begin:Date} AND day < {until:Date} AND event = 'purchase' AND visitor_kind = 'durable'
    ),
    names AS (
        SELECT id, word FROM (${arrival_names})
        UNION ALL
        SELECT * FROM VALUES('id UInt64, word String', (0, '(start)'), (1, '(end)'), (18446744073709551615, '(order)'))
    )
SELECT befores.word AS before, afters.word AS after, sum(steps.times) AS times
FROM (
    SELECT step.1 AS before_id, step.2 AS after_id, count() AS times
    FROM (
        SELECT arrayMap(mark -> toUInt64(mark), arraySort(groupArray(mark))) AS ids, arrayJoin(arrayZip(arrayPushFront(ids, toUInt64(0)), arrayPushBack(ids, toUInt64(1)))) AS step
        FROM marks
        GROUP BY actor
    )
    GROUP BY before_id, after_id
) AS steps
LEFT ANY JOIN names AS befores ON befores.id = steps.before_id
LEFT ANY JOIN names AS afters ON afters.id = steps.after_id
GROUP BY before, after
