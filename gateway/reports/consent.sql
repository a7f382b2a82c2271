-- What was asked, given and refused, and what share of the traffic each number rests on. `facts` are in the words of the
-- projection `consents` of the events.

-- name: facts
SELECT region, policy, adapter, visitor_kind, purposes, country, count() AS facts, min(event_time) AS first_at, max(event_time) AS last_at
FROM gateway.events
WHERE (site = {site:String} OR {site:String} = '') AND toDate(event_time) >= {since:Date} AND toDate(event_time) < {until:Date}
GROUP BY region, policy, adapter, visitor_kind, purposes, country

-- name: refused
SELECT adapter, sumIf(events, refusal = 'consent_denied') AS denied, sumIf(events, refusal != 'consent_denied') AS broken
FROM gateway.tallies
WHERE (site = {site:String} OR {site:String} = '') AND minute >= toDateTime({since:Date}, 'UTC') AND minute < toDateTime({until:Date}, 'UTC')
GROUP BY adapter

-- name: answers
SELECT
    place,
    sumIf(d.events, said = '') AS silent,
    sumIf(d.events, said != '' AND NOT match(said, ' (yes|no)( [0-9]+)?(;|$)')) AS assumed,
    sumIf(d.events, match(said, ' yes( [0-9]+)?(;|$)')) AS yes,
    sumIf(d.events, match(said, ' no( [0-9]+)?(;|$)') AND NOT match(said, ' yes( [0-9]+)?(;|$)')) AS only_no,
    sum(d.events) AS decided
FROM gateway.decisions AS d
WHERE ${site_days}
GROUP BY place
ORDER BY decided DESC, place

-- name: choices
SELECT
    region,
    source,
    policy,
    notice,
    countIf(action = 'given') AS given,
    countIf(action = 'changed') AS changed,
    countIf(action = 'withdrawn') AS withdrawn,
    groupUniqArray({told:UInt64})(subject) AS people
FROM gateway.consent_ledger
WHERE (site = {site:String} OR {site:String} = '') AND received_at >= toDateTime64({since:Date}, 3, 'UTC') AND received_at < toDateTime64({until:Date}, 3, 'UTC')
    AND subject != toUUID('00000000-0000-0000-0000-000000000000')
GROUP BY region, source, policy, notice
ORDER BY given DESC, region, source, policy, notice
