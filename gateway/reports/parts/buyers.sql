-- Visits with a purchase, each with the last one's moment.
SELECT visit, max(event_time) AS purchased_at
FROM (
    SELECT cityHash64(site, visitor, session) AS visit, event_time
    FROM gateway.events
    WHERE ${events} AND visitor_kind = 'durable' AND event = 'purchase' AND session != toUUID('00000000-0000-0000-0000-000000000000')
    UNION ALL
    SELECT runs.visit AS visit, hits.event_time AS event_time
    FROM (${runs}) AS runs
    INNER JOIN (
        SELECT cityHash64(site, visitor, session) + intDiv(toUnixTimestamp(event_time), 1800) AS half, event_time
        FROM gateway.events
        WHERE ${events} AND visitor_kind = 'durable' AND event = 'purchase' AND session = toUUID('00000000-0000-0000-0000-000000000000')
    ) AS hits ON runs.half = hits.half
)
GROUP BY visit
