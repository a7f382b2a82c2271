-- Facts and visitors by day, in both periods; `now` is 1 for the one that is asked for. Visitors are estimates.
SELECT
    day >= {since:Date} AS now,
    day,
    sum(p.events) AS facts,
    sumIf(p.events, p.visitor_kind = 'durable') AS recognised_facts,
    sumIf(p.visitors, p.visitor_kind = 'durable') AS visitors,
    sumIf(p.visitors, p.visitor_kind = 'day') AS day_visitors
FROM gateway.people AS p
WHERE (site = {site:String} OR {site:String} = '') AND day >= {before:Date} AND day < {until:Date}
GROUP BY now, day
ORDER BY day
