-- Every visit of visitors who may be recognised, by its number alone.
SELECT cityHash64(site, visitor, session) AS visit
FROM gateway.events
WHERE ${recognised}
    AND if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0) = 0
GROUP BY visit
UNION ALL
SELECT visit FROM (${runs}) GROUP BY visit
