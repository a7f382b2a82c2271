-- Visits, consents and contracts: aggregates for reports, and the public views that rest on them.
--
-- Why a projection, as in 0004: it is written, deleted, expired and made anonymous together with its rows.
-- Why visits are kept in parts: what a visit is can only be said when all of its events are there, and they come in
-- batches. A part is what one batch tells of a session on one day or, where the page names no session, of one half hour
-- of the clock. A visit without a named session is a run of half hours without a gap between them.
-- Why hashes of the pseudonyms: 64 bits are grouped 3 times as fast as 128. `actor` is cityHash64(site, visitor).
-- Why ZSTD for every column: 3 bytes less per event than LZ4, most of it in the indices of LowCardinality columns.

ALTER TABLE gateway.events${local}${on_cluster} MODIFY SETTING default_compression_codec = 'ZSTD(1)';

ALTER TABLE gateway.events${local}${on_cluster} ADD PROJECTION IF NOT EXISTS visits (
    SELECT
        site,
        visitor_kind,
        bot,
        toDate(event_time),
        cityHash64(site, visitor),
        cityHash64(site, visitor, session),
        if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0),
        count(),
        countIf(event = 'page_view'),
        min(event_time),
        max(event_time),
        maxIf(event_time, event = 'purchase'),
        min(if(channel = '', '~', arrayStringConcat([leftPad(hex(toUnixTimestamp64Milli(event_time)), 16, '0'), channel, source, medium, campaign], '\x1F')))
    GROUP BY
        site,
        visitor_kind,
        bot,
        toDate(event_time),
        cityHash64(site, visitor),
        cityHash64(site, visitor, session),
        if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0)
);

ALTER TABLE gateway.events${local}${on_cluster} ADD PROJECTION IF NOT EXISTS consents (
    SELECT
        site, toDate(event_time), region, policy, adapter, visitor_kind, purposes, country,
        count(), min(event_time), max(event_time)
    GROUP BY site, toDate(event_time), region, policy, adapter, visitor_kind, purposes, country
);

ALTER TABLE gateway.events${local}${on_cluster} ADD PROJECTION IF NOT EXISTS contracts (
    SELECT
        site, toDate(event_time), event, stage, adapter, contract, verdict,
        count(), countIf(received_at > event_time + INTERVAL 1 HOUR), max(received_at)
    GROUP BY site, toDate(event_time), event, stage, adapter, contract, verdict
);

ALTER TABLE gateway.events${local}${on_cluster} MATERIALIZE PROJECTION visits;

ALTER TABLE gateway.events${local}${on_cluster} MATERIALIZE PROJECTION consents;

ALTER TABLE gateway.events${local}${on_cluster} MATERIALIZE PROJECTION contracts;

CREATE OR REPLACE VIEW gateway.visits${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    visit UInt64 COMMENT 'Which visit; means nothing outside of these views [number]',
    actor UInt64 COMMENT 'Whose visit: cityHash64(site, visitor) [number]',
    visitor_kind LowCardinality(String) COMMENT 'How far the actor reaches [day, durable]',
    named Bool COMMENT 'The page named the session; else it is a run of half hours with events [0, 1]',
    started_at DateTime64(3, 'UTC') COMMENT 'First event [ms, UTC]',
    ended_at DateTime64(3, 'UTC') COMMENT 'Last event [ms, UTC]',
    events UInt64 COMMENT 'Events [count]',
    pages UInt64 COMMENT 'Page views [count]',
    channel String COMMENT 'Marketing channel that it came by; empty when its arrival was not seen, such as before consent',
    source String COMMENT 'utm_source of its arrival',
    medium String COMMENT 'utm_medium of its arrival',
    campaign String COMMENT 'utm_campaign of its arrival',
    purchased Bool COMMENT 'There was a purchase in it [0, 1]'
) AS
WITH parts AS (
    SELECT
        site,
        visitor_kind,
        cityHash64(site, visitor) AS actor,
        cityHash64(site, visitor, session) AS session_hash,
        if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0) AS half_hour,
        count() AS events,
        countIf(event = 'page_view') AS pages,
        min(event_time) AS started_at,
        max(event_time) AS ended_at,
        maxIf(event_time, event = 'purchase') AS purchased_at,
        min(if(channel = '', '~', arrayStringConcat([leftPad(hex(toUnixTimestamp64Milli(event_time)), 16, '0'), channel, source, medium, campaign], '\x1F'))) AS entry
    FROM gateway.events
    WHERE visitor_kind != 'none' AND NOT bot
    GROUP BY site, visitor_kind, actor, session_hash, half_hour
)
SELECT
    p.site AS site,
    p.visit AS visit,
    p.actor AS actor,
    p.visitor_kind AS visitor_kind,
    max(p.half_hour) = 0 AS named,
    min(p.started_at) AS started_at,
    max(p.ended_at) AS ended_at,
    sum(p.events) AS events,
    sum(p.pages) AS pages,
    splitByChar('\x1F', min(p.entry))[2] AS channel,
    splitByChar('\x1F', min(p.entry))[3] AS source,
    splitByChar('\x1F', min(p.entry))[4] AS medium,
    splitByChar('\x1F', min(p.entry))[5] AS campaign,
    max(p.purchased_at) > 0 AS purchased
FROM (
    SELECT *, session_hash AS visit FROM parts WHERE half_hour = 0
    UNION ALL
    SELECT
        * EXCEPT (before),
        session_hash + max(if(half_hour - before > 1, half_hour, 0)) OVER (PARTITION BY session_hash ORDER BY half_hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS visit
    FROM (
        SELECT *, lagInFrame(half_hour, 1, 0) OVER (PARTITION BY session_hash ORDER BY half_hour ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
        FROM parts
        WHERE half_hour != 0
    )
) AS p
GROUP BY p.site, p.visit, p.actor, p.visitor_kind
COMMENT 'One row per visit of somebody who may be told apart, whether the page names its sessions or not. Without bots. Visitors of kind day never come back';

CREATE OR REPLACE VIEW gateway.touches${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    actor UInt64 COMMENT 'Who came: cityHash64(site, visitor) [number]',
    visit UInt64 COMMENT 'Which visit it began, see gateway.visits [number]',
    visitor_kind LowCardinality(String) COMMENT 'How far the actor reaches [day, durable]; only durable ones have a journey over days',
    at DateTime64(3, 'UTC') COMMENT 'First event of the visit [ms, UTC]',
    channel String COMMENT 'Marketing channel',
    source String COMMENT 'utm_source',
    medium String COMMENT 'utm_medium',
    campaign String COMMENT 'utm_campaign'
) AS
SELECT v.site AS site, v.actor AS actor, v.visit AS visit, v.visitor_kind AS visitor_kind, v.started_at AS at, v.channel AS channel, v.source AS source, v.medium AS medium, v.campaign AS campaign
FROM gateway.visits AS v
WHERE v.channel != ''
COMMENT 'How visits came, one row per visit whose arrival was seen: what attribution is made of';

CREATE OR REPLACE VIEW gateway.items_sold${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    day Date COMMENT 'Day of the purchase [UTC]',
    event_time DateTime64(3, 'UTC') COMMENT 'When [ms, UTC]',
    order_id String COMMENT 'Order; empty where the visitor may not be recognised',
    visitor UUID COMMENT 'Pseudonym of the visitor; zero when there is none',
    visitor_kind LowCardinality(String) COMMENT 'How far the pseudonym reaches [none, day, durable]',
    product_id String COMMENT 'Product',
    category String COMMENT 'Its category',
    seller_id String COMMENT 'Its seller',
    price Decimal(18, 2) COMMENT 'Price of one [currency units, see currency]',
    quantity UInt32 COMMENT 'How many [count]',
    currency LowCardinality(String) COMMENT 'Currency of price [ISO 4217]',
    country LowCardinality(String) COMMENT 'Country [ISO 3166-1 alpha-2]'
) AS
SELECT
    c.site AS site,
    c.day AS day,
    c.event_time AS event_time,
    c.order_id AS order_id,
    c.visitor AS visitor,
    c.visitor_kind AS visitor_kind,
    item.product_id AS product_id,
    item.category AS category,
    item.seller_id AS seller_id,
    item.price AS price,
    item.quantity AS quantity,
    c.currency AS currency,
    c.country AS country
FROM gateway.conversions AS c
ARRAY JOIN c.items AS item
WHERE c.event = 'purchase'
COMMENT 'Products that were bought, one row per item of a purchase; a purchase that was sent twice counts once';

CREATE OR REPLACE VIEW gateway.consent_rates${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    day Date COMMENT 'Day of the events [UTC]',
    region LowCardinality(String) COMMENT 'Region of the policy whose rules were applied',
    country LowCardinality(String) COMMENT 'Country [ISO 3166-1 alpha-2; empty when unknown]',
    adapter LowCardinality(String) COMMENT 'Protocol they came in by',
    policy LowCardinality(String) COMMENT 'Hash of the policy that decided [16 hex]',
    events UInt64 COMMENT 'Events that were kept [count]',
    recognised UInt64 COMMENT 'Of these, by visitors who consented to be recognised [count]',
    by_day UInt64 COMMENT 'Of these, by visitors who are known for one day only [count]'
) AS
SELECT
    site,
    day,
    region,
    country,
    adapter,
    policy,
    sum(n) AS events,
    sumIf(n, visitor_kind = 'durable') AS recognised,
    sumIf(n, visitor_kind = 'day') AS by_day
FROM (
    SELECT site, toDate(event_time) AS day, region, policy, adapter, visitor_kind, country, count() AS n
    FROM gateway.events
    GROUP BY site, toDate(event_time), region, policy, adapter, visitor_kind, country
)
GROUP BY site, day, region, country, adapter, policy
COMMENT 'What share of the kept events rests on which consent. Events that were refused for want of consent are in gateway.tallies';

CREATE OR REPLACE VIEW gateway.data_quality${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    day Date COMMENT 'Day of the events [UTC]',
    event LowCardinality(String) COMMENT 'What happened',
    adapter LowCardinality(String) COMMENT 'Protocol they came in by',
    contract LowCardinality(String) COMMENT 'Contract they were checked against, name@version; empty without one',
    events UInt64 COMMENT 'How many [count]',
    flagged UInt64 COMMENT 'Of these, how many broke a rule of their contract [count]',
    late UInt64 COMMENT 'Of these, how many came more than an hour after they happened [count]',
    last_received_at DateTime64(3, 'UTC') COMMENT 'When the last of them was received [ms, UTC]'
) AS
SELECT site, day, event, adapter, contract, sum(n) AS events, sumIf(n, verdict = 'flagged') AS flagged, sum(l) AS late, max(r) AS last_received_at
FROM (
    SELECT
        site, toDate(event_time) AS day, event, adapter, contract, verdict,
        count() AS n, countIf(received_at > event_time + INTERVAL 1 HOUR) AS l, max(received_at) AS r
    FROM gateway.events
    GROUP BY site, toDate(event_time), event, adapter, contract, verdict
)
GROUP BY site, day, event, adapter, contract
COMMENT 'Contracts kept and broken, and lateness, by day, event and protocol';
