-- Proof of choice as it came to be: entries of chains (gateway/proof.py), and counts of decisions for `policy simulate`.
--
-- Why the table of 0001 is made anew: nothing ever wrote to it, and it was ordered by the visitor of the facts. A proof
-- outlives an erasure (GDPR 17(3)(e)); so who decided has a pseudonym of its own kind here, which leads to no fact.

DROP TABLE IF EXISTS gateway.consent_ledger${on_cluster} SYNC;

DROP TABLE IF EXISTS gateway.consent_ledger${local}${on_cluster} SYNC;

CREATE TABLE IF NOT EXISTS gateway.consent_ledger${local}${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app (site configuration)',
    entry_id UUID CODEC(NONE) COMMENT 'Identity of the receipt (choices)',
    decided_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the person decided, as the consent tool said; midnight where there is no subject [ms, UTC] (signal)',
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the gateway received it; midnight where there is no subject [ms, UTC] (collect)',
    subject UUID CODEC(ZSTD(1)) COMMENT 'Pseudonym of who decided, of the ledger''s own kind, which leads to no fact; zero for a no without a yes before (keyring)',
    action LowCardinality(String) COMMENT 'What changed [given, changed, withdrawn, refused] (choices)',
    before Array(LowCardinality(String)) COMMENT 'Purposes that the person had said yes to before, as far as the process remembered (choices)',
    yes Array(LowCardinality(String)) COMMENT 'Purposes that the person says yes to (decision)',
    no Array(LowCardinality(String)) COMMENT 'Purposes that the person says no to (decision)',
    allowed Array(LowCardinality(String)) COMMENT 'Purposes that policy allowed thereupon (decision)',
    source LowCardinality(String) COMMENT 'Languages that it was said in, joined by + [gateway_sdk, tcf, gpp, gpc, ...] (signal)',
    text_hash String CODEC(ZSTD(1)) COMMENT 'Keyed hash of what was said, word for word; empty where there is no subject [32 hex] (choices)',
    notice LowCardinality(String) COMMENT 'Version of the notice that was shown; empty when not told (signal)',
    policy LowCardinality(String) COMMENT 'Hash of the policy in force [16 hex] (policy)',
    region LowCardinality(String) COMMENT 'Region of the policy whose rules applied (policy)',
    expires_at DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the proof is no longer needed and is deleted [s, UTC] (policy)',
    chain FixedString(32) COMMENT 'The chain that it is an entry of: the life of one journal [32 hex] (journal)',
    seq UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Its place in the chain, from 1 [number] (journal)',
    prev_hash String CODEC(ZSTD(1)) COMMENT 'Hash of the entry before it in this chain; 64 zeros for the first [64 hex] (journal)',
    entry_hash String CODEC(ZSTD(1)) COMMENT 'Hash over this entry, its place and prev_hash [64 hex] (journal)',
    signature String CODEC(ZSTD(1)) COMMENT 'Ed25519 signature over this entry''s place and hash; empty where a later entry''s covers it [128 hex] (journal)',
    batch UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Sealed range of the journal that it was loaded with [number] (load)',
    INDEX by_batch batch TYPE minmax GRANULARITY 1,
    INDEX by_subject subject TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_entry entry_id TYPE bloom_filter(0.01) GRANULARITY 1,
    CONSTRAINT rows_know_their_end CHECK expires_at > toDateTime('2000-01-01 00:00:00', 'UTC')
)
ENGINE = ${engine:MergeTree}
PARTITION BY toYYYYMM(received_at)
ORDER BY (chain, seq)
TTL expires_at DELETE
SETTINGS ${durable}
COMMENT 'Proof of choice: who decided what about which purposes, when, under which notice and policy (GDPR Art. 7(1)). One row per change, chained; gateway privacy verify checks it. Only ever appended to';

${distributed:consent_ledger:sipHash64(chain)};

CREATE TABLE IF NOT EXISTS gateway.decisions${local}${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app (site configuration)',
    day Date COMMENT 'Day on which it was counted [UTC] (collect)',
    place LowCardinality(String) COMMENT 'Candidate places, joined by +; empty when unknown [ISO 3166] (place)',
    said String CODEC(ZSTD(1)) COMMENT 'What was said: language, flag, yes or no, age of the choice in months; joined by ; (signal)',
    purposes Array(LowCardinality(String)) COMMENT 'Purposes that were allowed (decision)',
    events UInt64 CODEC(T64, ZSTD(1)) COMMENT 'How many events were decided like this [count] (collect)',
    batch UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Sealed range of the journal that it was loaded with [number] (load)',
    INDEX by_batch batch TYPE minmax GRANULARITY 1
)
ENGINE = ${engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, day, place, said)
TTL day + INTERVAL 400 DAY DELETE
SETTINGS ${durable}
COMMENT 'Decisions of the past, counted by day, place and what was said, for gateway policy simulate. Holds no person. Sum the events';

${distributed:decisions:sipHash64(site, day)};
