-- Which rules of its contract an event breaks, beside its verdict, and a view of all that were broken.

ALTER TABLE gateway.events${local}${on_cluster} ADD COLUMN IF NOT EXISTS broken Array(LowCardinality(String)) COMMENT 'Rules of its contract that it breaks, property:rule; the values are not stored (contract)' AFTER verdict;

ALTER TABLE gateway.events${on_cluster} ADD COLUMN IF NOT EXISTS broken Array(LowCardinality(String)) COMMENT 'Rules of its contract that it breaks, property:rule; the values are not stored (contract)' AFTER verdict;

CREATE OR REPLACE VIEW gateway.broken_rules${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    day Date COMMENT 'Day on which the events were received [UTC]',
    event LowCardinality(String) COMMENT 'What happened',
    contract LowCardinality(String) COMMENT 'Contract that was broken, name@version',
    rule LowCardinality(String) COMMENT 'Property and rule, property:rule',
    became LowCardinality(String) COMMENT 'What became of the events [valid: observed only, flagged, quarantined: waits in gateway.quarantine]',
    adapter LowCardinality(String) COMMENT 'Protocol they came in by',
    events UInt64 COMMENT 'How many; one that breaks two rules counts at both [count]'
) AS
SELECT site, day, event, contract, rule, became, adapter, count() AS events
FROM (
    SELECT e.site AS site, toDate(e.received_at, 'UTC') AS day, e.event AS event, e.contract AS contract, arrayJoin(e.broken) AS rule, e.verdict AS became, e.adapter AS adapter
    FROM gateway.events AS e
    WHERE notEmpty(e.broken)
    UNION ALL
    SELECT q.site AS site, toDate(q.received_at, 'UTC') AS day, q.event AS event, q.contract AS contract, arrayJoin(q.broken) AS rule, 'quarantined' AS became, q.adapter AS adapter
    FROM gateway.quarantine AS q
)
GROUP BY site, day, event, contract, rule, became, adapter
COMMENT 'Rules of contracts that were broken, by day: what to mend, in the page or in the contract';
