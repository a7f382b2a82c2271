-- Visits of visitors who may be recognised, with an event from {begin} to before {until}: one row each, with whose it is,
-- its last purchase and its first arrival within these days. Read from the projection `journeys` of the events: the
-- expressions must stand here as they stand in the migration, else ClickHouse reads all events.
SELECT
    cityHash64(site, visitor) AS actor,
    cityHash64(site, visitor, session) AS visit,
    ${visit_columns}
FROM gateway.events
WHERE ${recognised}
    AND if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0) = 0
GROUP BY actor, visit
UNION ALL
SELECT actor, session_hash + run[1].1 AS visit, arrayMax(part -> part.2, run) AS purchased_at, arrayMin(run.3) AS entry
FROM (
    SELECT actor, session_hash, arraySort(groupArray((half_hour, purchased_at, entry))) AS parts, arraySplit((part, gap) -> gap > 1, parts, arrayDifference(parts.1)) AS runs
    FROM (
        SELECT
            cityHash64(site, visitor) AS actor,
            cityHash64(site, visitor, session) AS session_hash,
            if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0) AS half_hour,
            ${visit_columns}
        FROM gateway.events
        WHERE ${recognised} AND half_hour != 0
        GROUP BY actor, session_hash, half_hour
    )
    GROUP BY actor, session_hash
)
ARRAY JOIN runs AS run
