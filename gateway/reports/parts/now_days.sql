-- Facts and visitors by day, in both periods; `now` is 1 for the one that is asked for. Facts are all that were kept,
-- visitors are estimates, without bots as `crowd` counts them, read from its projection.
SELECT
    day >= {since:Date} AS now,
    day,
    sum(all_events) AS facts,
    sumIf(all_events, kind = 'durable') AS recognised_facts,
    sumIf(people, kind = 'durable') AS visitors,
    sumIf(people, kind = 'day') AS day_visitors
FROM (
    SELECT p.day AS day, p.visitor_kind AS kind, p.events AS all_events, 0 AS people
    FROM gateway.people AS p
    WHERE (site = {site:String} OR {site:String} = '') AND day >= {before:Date} AND day < {until:Date}
    UNION ALL
    SELECT toDate(event_time) AS day, visitor_kind AS kind, 0 AS all_events, uniqCombined64(15)(cityHash64(site, visitor)) AS people
    FROM gateway.events
    WHERE (site = {site:String} OR {site:String} = '') AND visitor_kind != 'none' AND NOT bot
        AND toDate(event_time) >= {before:Date} AND toDate(event_time) < {until:Date}
    GROUP BY day, kind
)
GROUP BY now, day
ORDER BY day
