-- Steps within a visit. Where the page names no session, the visit is found by the half hour.
SELECT cityHash64(site, visitor, session) AS journey, ${funnel_good}
FROM gateway.events
WHERE ${events} AND visitor_kind = 'durable' AND event IN {steps:Array(String)}
    AND session != toUUID('00000000-0000-0000-0000-000000000000')
UNION ALL
SELECT runs.visit AS journey, hits.actor AS actor, hits.mark AS mark, hits.name AS name
FROM (
    SELECT cityHash64(site, visitor, session) + intDiv(toUnixTimestamp(event_time), 1800) AS half, ${funnel_good}
    FROM gateway.events
    WHERE ${events} AND visitor_kind = 'durable' AND event IN {steps:Array(String)}
        AND session = toUUID('00000000-0000-0000-0000-000000000000')
) AS hits
INNER JOIN (${runs}) AS runs ON runs.half = hits.half
