-- Facts by period and by how far their visitors may be recognised; `now` is 1 for the period that is asked for.
SELECT
    day >= {since:Date} AS now,
    sum(p.events) AS facts,
    sumIf(p.events, p.visitor_kind = 'durable') AS recognised_facts,
    sumIf(p.visitors, p.visitor_kind = 'day') AS day_visitors
FROM gateway.people AS p
WHERE (site = {site:String} OR {site:String} = '') AND day >= {before:Date} AND day < {until:Date}
GROUP BY now
