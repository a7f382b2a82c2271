-- Each micro-conversion with the visit that it belongs to.
SELECT cityHash64(site, visitor, session) AS visit, event, stage, event_time
FROM gateway.micro_conversions
WHERE ${micro_days} AND session != toUUID('00000000-0000-0000-0000-000000000000')
UNION ALL
SELECT runs.visit AS visit, hits.event AS event, hits.stage AS stage, hits.event_time AS event_time
FROM (
    SELECT cityHash64(site, visitor, session) + intDiv(toUnixTimestamp(event_time), 1800) AS half, event, stage, event_time
    FROM gateway.micro_conversions
    WHERE ${micro_days} AND session = toUUID('00000000-0000-0000-0000-000000000000')
) AS hits
INNER JOIN (${runs}) AS runs ON runs.half = hits.half
