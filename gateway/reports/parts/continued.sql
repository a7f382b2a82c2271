-- A visit without a named session is a run of half hours without a gap, and the first of them names it. Here are the
-- others, each with the first: two arrays, for `visit`. They are few. A statement says: WITH (${continued}) AS continued.
-- Why a remainder: sorting a few long arrays takes half the time of sorting many short ones.
SELECT (groupArray(half), groupArray(visit))
FROM (
    SELECT arraySort(groupArray(session_hash + half_hour)) AS halves, arrayFill((half, gap) -> gap != 1, halves, arrayDifference(halves)) AS visits
    FROM (
        SELECT
            cityHash64(site, visitor, session) AS session_hash,
            if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0) AS half_hour
        FROM gateway.events
        WHERE ${recognised} AND half_hour != 0
        GROUP BY session_hash, half_hour
    )
    GROUP BY session_hash % 256
)
ARRAY JOIN halves AS half, visits AS visit
WHERE half != visit
