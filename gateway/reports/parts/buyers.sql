-- Visits with a purchase, each with the last one's moment.
SELECT ${visit} AS visit, max(event_time) AS purchased_at
FROM gateway.events
WHERE ${events} AND visitor_kind = 'durable' AND event = 'purchase'
GROUP BY visit
