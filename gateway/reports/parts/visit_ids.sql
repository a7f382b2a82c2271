-- Every visit of visitors who may be recognised, by its number alone.
SELECT ${visit} AS visit
FROM gateway.events
WHERE ${recognised}
GROUP BY visit
