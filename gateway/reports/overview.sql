-- How is it going? `now` is 1 for the days that are asked for, 0 for as many before them.

-- name: crowd
${now_crowd}

-- name: money
${now_money}

-- name: refusals
${now_refusals}

-- name: days
${now_days}

-- name: events
SELECT event, max(stage) AS stage, sumIf(n, day >= {since:Date}) AS facts, sumIf(n, day < {since:Date}) AS facts_before
FROM (
    SELECT event, stage, toDate(event_time) AS day, count() AS n
    FROM gateway.events
    WHERE (site = {site:String} OR {site:String} = '') AND toDate(event_time) >= {before:Date} AND toDate(event_time) < {until:Date}
    GROUP BY event, stage, day
)
GROUP BY event
ORDER BY facts DESC, event
