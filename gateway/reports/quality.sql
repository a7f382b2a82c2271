-- Can the numbers be trusted? Contracts kept and broken, refusals, lateness, orders that do not add up. `events` are in the
-- words of the projection `contracts` of the events.

-- name: events
SELECT
    event,
    contract,
    adapter,
    sum(n) AS facts,
    sumIf(n, verdict = 'flagged') AS flagged,
    sumIf(n, verdict = 'no_contract') AS without,
    sum(late_n) AS late,
    max(last) AS last_at
FROM (
    SELECT event, contract, adapter, verdict, count() AS n, countIf(received_at > event_time + INTERVAL 1 HOUR) AS late_n, max(received_at) AS last
    FROM gateway.events
    WHERE (site = {site:String} OR {site:String} = '') AND toDate(event_time) >= {since:Date} AND toDate(event_time) < {until:Date}
    GROUP BY event, contract, adapter, verdict
)
GROUP BY event, contract, adapter
ORDER BY facts DESC, event, contract, adapter

-- name: refusals
SELECT adapter, refusal, sum(t.events) AS events
FROM gateway.tallies AS t
WHERE (site = {site:String} OR {site:String} = '') AND minute >= toDateTime({since:Date}, 'UTC') AND minute < toDateTime({until:Date}, 'UTC')
GROUP BY adapter, refusal
ORDER BY events DESC, adapter, refusal

-- name: orders
SELECT
    count() AS purchases,
    countIf(visitor_kind = 'durable') AS recognised,
    countIf(visitor_kind = 'durable' AND order_id = '') AS without_order,
    countIf(order_id != '') - uniqExactIf(order_id, order_id != '') AS repeated,
    countIf(visitor_kind = 'durable' AND (value <= 0 OR currency = '')) AS without_value,
    countIf(value > 0 AND notEmpty(items) AND abs(value - arraySum(item -> item.price * item.quantity, items)) > 0.005) AS other_sum,
    countIf(notEmpty(items) AND arrayExists(item -> item.seller_id = '', items)) AS without_seller
FROM gateway.events
WHERE ${events} AND event = 'purchase'
