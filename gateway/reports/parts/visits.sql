-- Visits of visitors who may be recognised, with an event from {begin} to before {until}: one row each, with whose it is,
-- its last purchase and its first arrival within these days. Read from the projection `journeys` of the events: the
-- expressions must stand here as they stand in the migration, else ClickHouse reads all events.
SELECT
    cityHash64(site, visitor) AS actor,
    ${visit} AS visit,
    ${visit_columns}
FROM gateway.events
WHERE ${recognised}
GROUP BY actor, visit
