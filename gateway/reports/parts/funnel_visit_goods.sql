-- Steps within a visit.
SELECT ${visit} AS journey, ${funnel_good}
FROM gateway.events
WHERE ${events} AND visitor_kind = 'durable' AND event IN {steps:Array(String)}
