-- Half hours of visits without a named session, each with the visit that it belongs to: `visit` is the same for a run
-- of half hours without a gap. `half` is session_hash + half_hour, one number to join by.
SELECT session_hash + half_hour AS half, session_hash + start AS visit
FROM (
    SELECT session_hash, arraySort(groupArray(half_hour)) AS hours, arrayFill((hour, gap) -> gap != 1, hours, arrayDifference(hours)) AS starts
    FROM (
        SELECT
            cityHash64(site, visitor, session) AS session_hash,
            if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0) AS half_hour
        FROM gateway.events
        WHERE ${recognised} AND half_hour != 0
        GROUP BY session_hash, half_hour
    )
    GROUP BY session_hash
)
ARRAY JOIN hours AS half_hour, starts AS start
