-- How many people and visits, by period; estimates (uniqCombined64, see the migration of the projection `crowd`). A visit
-- that lasts from one period into the other counts in both. Where no session is named, visits are runs of half hours
-- without a gap: as many as half hours which the visitor's next one does not follow.
SELECT
    toDate(event_time) >= {since:Date} AS now,
    uniqCombined64(15)(cityHash64(site, visitor)) AS visitors,
    uniqCombined64If(15)(cityHash64(site, visitor, session), session != toUUID('00000000-0000-0000-0000-000000000000'))
        + uniqCombined64ArrayIf(15)([cityHash64(site, visitor) + intDiv(toUnixTimestamp(event_time), 1800), cityHash64(site, visitor) + intDiv(toUnixTimestamp(event_time), 1800) + 1], session = toUUID('00000000-0000-0000-0000-000000000000'))
        - uniqCombined64If(15)(cityHash64(site, visitor) + intDiv(toUnixTimestamp(event_time), 1800), session = toUUID('00000000-0000-0000-0000-000000000000')) AS visits
FROM gateway.events
WHERE ${recognised}
GROUP BY now
