-- What breaks its contract and waits for it to be mended: `gateway contracts replay` (gateway/warehouse/replay.py).
--
-- Why the columns of `events`, but those that a contract fills: a mended contract fills them anew, from `properties`.
-- Why 30 days: a contract is mended by then or never, and what was not meant to be sent shall not rest for long.
-- Conservation: events read = rows of events, but those whose batch is in replays, + sum(events) of tallies.

CREATE TABLE IF NOT EXISTS gateway.quarantine${local}${on_cluster} (
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
    contract LowCardinality(String) COMMENT 'Contract that it breaks, name@version (contract)',
    broken Array(LowCardinality(String)) COMMENT 'Rules that it breaks, property:rule; items.part:rule for a part of a product (contract)',
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
    bot Bool CODEC(ZSTD(1)) COMMENT 'Sent by what calls itself a bot [0, 1] (minimise)',
    properties Map(LowCardinality(String), String) CODEC(ZSTD(1)) COMMENT 'All properties that the contract lists and policy allows, also those that have a column in events; of one that breaks a rule, what was sent, looked through for personal data (contract)',
    items Array(Tuple(product_id String, category String, seller_id String, price Decimal(18, 2), quantity UInt32)) CODEC(ZSTD(1))
        COMMENT 'Products of a list, cart or order: product_id, category, seller_id, price per unit [currency units], quantity [count] (contract)',
    expires_at DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When the fact would be deleted; here it is 30 days after it was received, if that is earlier [s, UTC] (policy)',
    identity_expires_at DateTime('UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When visitor, session and account are emptied [s, UTC] (policy)',
    batch UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Sealed range of the journal that it was loaded with [number] (load)',
    INDEX by_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_visitor visitor TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_batch batch TYPE minmax GRANULARITY 1,
    CONSTRAINT event_time_is_a_time CHECK event_time > toDateTime64('2000-01-01 00:00:00', 3, 'UTC') AND event_time < toDateTime64('2200-01-01 00:00:00', 3, 'UTC'),
    CONSTRAINT rows_know_their_end CHECK expires_at > toDateTime('2000-01-01 00:00:00', 'UTC')
)
ENGINE = ${engine:MergeTree}
PARTITION BY toYYYYMM(received_at)
ORDER BY (site, event, received_at)
TTL least(expires_at, toDateTime(received_at, 'UTC') + INTERVAL 30 DAY) DELETE
SETTINGS ${durable}
COMMENT 'Facts that break a contract which says quarantine, until it is mended: gateway contracts replay loads them into events. Each was counted as contract_broken in tallies, and still is after its replay';

${distributed:quarantine:sipHash64(event_id)};

CREATE TABLE IF NOT EXISTS gateway.replays${on_cluster} (
    batch UInt64 COMMENT 'Batch of the rows of events that came from the quarantine [number] (replay)',
    begun_at DateTime64(3, 'UTC') COMMENT 'When it was about to be inserted [ms, UTC] (replay)'
)
ENGINE = ${everywhere:ReplacingMergeTree(begun_at)}
ORDER BY batch
TTL toDateTime(begun_at) + INTERVAL 400 DAY DELETE
COMMENT 'Replays of the quarantine. What they loaded: SELECT count() FROM gateway.events WHERE batch IN (SELECT batch FROM gateway.replays)';
