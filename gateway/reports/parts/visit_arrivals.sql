-- The same visits, each with the number of its arrival alone.
SELECT ${visit} AS visit, toUInt64(${entry}) AS id
FROM gateway.events
WHERE ${recognised}
GROUP BY visit
