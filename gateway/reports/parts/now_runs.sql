-- Visits without a named session, by period: runs of half hours with events.
SELECT toDateTime(start * 1800, 'UTC') >= toDateTime({since:Date}, 'UTC') AS now, count() AS visits
FROM (
    SELECT arraySort(groupArray(half_hour)) AS hours, arrayJoin(arrayFilter(
        (hour, gap) -> gap != 1 OR hour = intDiv(toUnixTimestamp(toDateTime({since:Date}, 'UTC')), 1800), hours, arrayDifference(hours)
    )) AS start
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
GROUP BY now
