-- Events that did not become facts, by period.
SELECT
    minute >= toDateTime({since:Date}, 'UTC') AS now,
    sum(t.events) AS refused,
    sumIf(t.events, t.refusal = 'consent_denied') AS denied
FROM gateway.tallies AS t
WHERE (site = {site:String} OR {site:String} = '') AND minute >= toDateTime({before:Date}, 'UTC') AND minute < toDateTime({until:Date}, 'UTC')
GROUP BY now
