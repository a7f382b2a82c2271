-- The tables. One source for three variants; the tokens in ${} are explained in gateway/warehouse/migrate.py.
-- A comment says: what it is [unit or allowed words] (who writes it).
--
-- Why this sorting key and not the visitor in it: identity has to end before the row does (identity_expires_at), and
-- ClickHouse can neither expire nor update a column of the key. Measured on 2.4 million rows it is also smaller (50.0
-- for 57.3 bytes per event) and a third cheaper to load and merge; funnels and unique visitors cost the same.
-- Why event_id is stored raw: 16 random bytes do not compress (15.1 in any codec), and raw ones are read for nothing.

CREATE DATABASE IF NOT EXISTS gateway${on_cluster} ENGINE = Atomic
    COMMENT 'Edge tracking gateway: minimised facts, no personal data that the policy did not allow';

CREATE TABLE IF NOT EXISTS gateway.schema_migrations${on_cluster} (
    version UInt32 COMMENT 'Number of the migration file [count] (migrate)',
    name String COMMENT 'Name of the migration file (migrate)',
    sha256 String COMMENT 'Hash of the file as it was applied [hex] (migrate)',
    variant LowCardinality(String) COMMENT 'What it was rendered for [embedded, server, cluster] (migrate)',
    statements UInt32 COMMENT 'Statements of the file that have run [count] (migrate)',
    of UInt32 COMMENT 'Statements that the file has [count] (migrate)',
    applied_at DateTime64(3, 'UTC') COMMENT 'When that was [ms, UTC] (migrate)'
)
ENGINE = ${everywhere:ReplacingMergeTree(applied_at)}
ORDER BY version
COMMENT 'Which migrations this warehouse has had, statement by statement; read it with FINAL';

CREATE TABLE IF NOT EXISTS gateway.events${local}${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app that sent it (site configuration)',
    event LowCardinality(String) COMMENT 'What happened, in the gateway''s vocabulary, snake_case (adapter)',
    event_id UUID CODEC(NONE) COMMENT 'Identity of the event: the protocol''s own where it is a UUID, else a keyed hash of what the client sent (minimise)',
    event_time DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When it happened, client''s clock corrected; coarser for visitors without consent [ms, UTC] (minimise)',
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the gateway received it [ms, UTC] (collect)',
    adapter LowCardinality(String) COMMENT 'Protocol it came in by [own, ga4, segment, ...] (adapter)',
    visitor UUID CODEC(ZSTD(1)) TTL identity_expires_at COMMENT 'Pseudonym of the visitor; zero when there is none or when its time is over (keyring)',
    visitor_kind LowCardinality(String) DEFAULT 'none' TTL identity_expires_at COMMENT 'How far the pseudonym reaches [none, day: this day only, durable: consented] (minimise)',
    session UUID CODEC(ZSTD(1)) TTL identity_expires_at COMMENT 'Pseudonym of the visit; zero when there is none or when its time is over (keyring)',
    account UUID CODEC(ZSTD(1)) TTL identity_expires_at COMMENT 'Pseudonym of the signed-in account, only where policy allows; else zero (keyring)',
    key_epoch UInt32 CODEC(T64, ZSTD(1)) COMMENT 'Version of the key that made durable pseudonyms; never the key [count] (keyring)',
    stage LowCardinality(String) COMMENT 'Place in the journey [discovery, consideration, engagement, evaluation, intent, conversion, loyalty] (contract)',
    region LowCardinality(String) COMMENT 'Region of the policy whose rules were applied (policy)',
    purposes Array(LowCardinality(String)) COMMENT 'Purposes that were allowed when it was collected (decision)',
    policy LowCardinality(String) COMMENT 'Hash of the policy that decided [16 hex] (policy)',
    contract LowCardinality(String) COMMENT 'Contract it was checked against, name@version; empty without one (contract)',
    verdict LowCardinality(String) COMMENT 'Outcome of that check [valid, flagged, no_contract] (contract)',
    page_host LowCardinality(String) COMMENT 'Host of the page (minimise)',
    page_path String CODEC(ZSTD(1)) COMMENT 'Path of the page, without query and fragment (minimise)',
    referrer_host LowCardinality(String) COMMENT 'Host that the visitor came from, never the whole address (minimise)',
    source LowCardinality(String) COMMENT 'utm_source (minimise)',
    medium LowCardinality(String) COMMENT 'utm_medium (minimise)',
    campaign LowCardinality(String) COMMENT 'utm_campaign (minimise)',
    channel LowCardinality(String) COMMENT 'Marketing channel that source, medium and referrer amount to (minimise)',
    country LowCardinality(String) COMMENT 'Country [ISO 3166-1 alpha-2; empty when unknown] (minimise)',
    device LowCardinality(String) COMMENT 'Device class [mobile, tablet, desktop, ...] (minimise)',
    browser LowCardinality(String) COMMENT 'Browser family, without version (minimise)',
    os LowCardinality(String) COMMENT 'Operating system family, without version (minimise)',
    language LowCardinality(String) COMMENT 'Language [ISO 639-1] (minimise)',
    product_id String CODEC(ZSTD(1)) COMMENT 'Product it is about (contract)',
    category LowCardinality(String) COMMENT 'Category of the product (contract)',
    seller_id LowCardinality(String) COMMENT 'Seller of the product on the marketplace (contract)',
    order_id String CODEC(ZSTD(1)) COMMENT 'Order it is about (contract)',
    value Decimal(18, 2) CODEC(T64, ZSTD(1)) COMMENT 'Value of the event [currency units, see currency] (contract)',
    currency LowCardinality(String) COMMENT 'Currency of value [ISO 4217; empty when unknown] (contract)',
    experiment LowCardinality(String) COMMENT 'Experiment that the visitor was part of (contract)',
    variant LowCardinality(String) COMMENT 'Variant of the experiment, or of a product where there is no experiment (contract)',
    bot Bool CODEC(ZSTD(1)) COMMENT 'Sent by what calls itself a bot [0, 1] (minimise)',
    properties Map(LowCardinality(String), String) CODEC(ZSTD(1)) COMMENT 'Further properties that the contract lists and policy allows (contract)',
    items Array(Tuple(product_id String, category String, seller_id String, price Decimal(18, 2), quantity UInt32)) CODEC(ZSTD(1))
        COMMENT 'Products of a list, cart or order: product_id, category, seller_id, price per unit [currency units], quantity [count] (contract)',
    expires_at DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the row is deleted [s, UTC] (policy)',
    identity_expires_at DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When visitor, session and account are emptied [s, UTC] (policy)',
    batch UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Sealed range of the journal that it was loaded with [number] (load)',
    INDEX by_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_visitor visitor TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_order_id order_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_batch batch TYPE minmax GRANULARITY 1,
    CONSTRAINT event_time_is_a_time CHECK event_time > toDateTime64('2000-01-01 00:00:00', 3, 'UTC') AND event_time < toDateTime64('2200-01-01 00:00:00', 3, 'UTC'),
    CONSTRAINT rows_know_their_end CHECK expires_at > toDateTime('2000-01-01 00:00:00', 'UTC')
)
ENGINE = ${engine:MergeTree}
PARTITION BY toYYYYMM(event_time)
ORDER BY (site, event, event_time)
TTL expires_at DELETE
SETTINGS ${durable}
COMMENT 'One row per fact: an event after minimisation, loaded exactly once. Times are UTC. Text is empty and numbers are zero where nothing is known';

${distributed:events:sipHash64(if(visitor_kind = 'none', event_id, visitor))};

CREATE TABLE IF NOT EXISTS gateway.tallies${local}${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app; empty when the request named none (collect)',
    minute DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'Minute in which the events were received [s, UTC] (collect)',
    adapter LowCardinality(String) COMMENT 'Protocol they came in by (adapter)',
    refusal LowCardinality(String) COMMENT 'Why they did not become facts; gateway.words.Refusal lists the reasons (collect)',
    events UInt64 CODEC(T64, ZSTD(1)) COMMENT 'How many [count] (collect)',
    batch UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Sealed range of the journal that it was loaded with [number] (load)',
    INDEX by_batch batch TYPE minmax GRANULARITY 1
)
ENGINE = ${engine:MergeTree}
PARTITION BY toYYYYMM(minute)
ORDER BY (site, refusal, adapter, minute)
TTL minute + INTERVAL 400 DAY DELETE
SETTINGS ${durable}
COMMENT 'Events that did not become facts, counted by minute and reason. Holds no values. Events read = facts + sum(events)';

${distributed:tallies:sipHash64(site, minute)};

CREATE TABLE IF NOT EXISTS gateway.consent_ledger${local}${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app (site configuration)',
    entry_id UUID CODEC(NONE) COMMENT 'Identity of the receipt (minimise)',
    decided_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the person decided, as the consent tool said [ms, UTC] (signal)',
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the gateway received it [ms, UTC] (collect)',
    visitor UUID CODEC(ZSTD(1)) COMMENT 'Pseudonym of who decided; zero where none may be made (keyring)',
    visitor_kind LowCardinality(String) DEFAULT 'none' COMMENT 'How far the pseudonym reaches [none, day, durable] (minimise)',
    action LowCardinality(String) COMMENT 'What changed [given, refused, changed, withdrawn] (minimise)',
    before Array(LowCardinality(String)) COMMENT 'Purposes allowed before (decision)',
    after Array(LowCardinality(String)) COMMENT 'Purposes allowed since (decision)',
    source LowCardinality(String) COMMENT 'Language the consent was stated in [own, tcf, gpp, gpc, ...] (signal)',
    notice LowCardinality(String) COMMENT 'Version of the notice or banner that was shown; empty when not told (signal)',
    policy LowCardinality(String) COMMENT 'Hash of the policy in force [16 hex] (policy)',
    region LowCardinality(String) COMMENT 'Region of the policy whose rules applied (policy)',
    country LowCardinality(String) COMMENT 'Country [ISO 3166-1 alpha-2; empty when unknown] (minimise)',
    prev_hash String CODEC(ZSTD(1)) COMMENT 'Hash of the entry before it in this chain [64 hex] (journal)',
    entry_hash String CODEC(ZSTD(1)) COMMENT 'Hash over this entry and prev_hash [64 hex] (journal)',
    expires_at DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the evidence is no longer needed and is deleted [s, UTC] (policy)',
    batch UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Sealed range of the journal that it was loaded with [number] (load)',
    INDEX by_batch batch TYPE minmax GRANULARITY 1,
    CONSTRAINT rows_know_their_end CHECK expires_at > toDateTime('2000-01-01 00:00:00', 'UTC')
)
ENGINE = ${engine:MergeTree}
PARTITION BY toYYYYMM(decided_at)
ORDER BY (site, visitor, decided_at)
TTL expires_at DELETE
SETTINGS ${durable}
COMMENT 'Receipts: who decided what about which purposes, when, under which notice and policy (GDPR Art. 7(1)). Only ever appended to';

${distributed:consent_ledger:sipHash64(visitor)};

CREATE TABLE IF NOT EXISTS gateway.erasures${on_cluster} (
    request UUID COMMENT 'Identity of the request (privacy)',
    site LowCardinality(String) COMMENT 'The shop or app it was made to (privacy)',
    asked_at DateTime64(3, 'UTC') COMMENT 'When it was asked [ms, UTC] (privacy)',
    subject String COMMENT 'Keyed hash of the identifiers that were given, to recognise a second request [32 hex] (privacy)',
    found_by LowCardinality(String) COMMENT 'Kind of identifier [client_id, user_id, email] (privacy)',
    state LowCardinality(String) COMMENT 'How far it is [asked, deleting, verified, failed] (privacy)',
    rows Map(LowCardinality(String), UInt64) COMMENT 'Rows removed, by table [count] (privacy)',
    receipt String COMMENT 'Signed receipt; empty until verified (privacy)',
    updated_at DateTime64(3, 'UTC') COMMENT 'When this state was reached [ms, UTC] (privacy)'
)
ENGINE = ${everywhere:ReplacingMergeTree(updated_at)}
ORDER BY request
COMMENT 'Requests for erasure and what became of them; no identifier of a person. Read it with FINAL';
