-- Different visitors who may be recognised, by period.
SELECT now, count() AS visitors
FROM (
    SELECT toDate(event_time) >= {since:Date} AS now, cityHash64(site, visitor) AS actor
    FROM gateway.events
    WHERE ${recognised}
    GROUP BY now, actor
)
GROUP BY now
