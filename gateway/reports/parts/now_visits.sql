-- Named visits by period; one that lasts from one into the other counts in both.
SELECT now, count() AS visits
FROM (
    SELECT toDate(event_time) >= {since:Date} AS now, cityHash64(site, visitor, session) AS visit
    FROM gateway.events
    WHERE ${recognised}
        AND if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0) = 0
    GROUP BY now, visit
)
GROUP BY now
