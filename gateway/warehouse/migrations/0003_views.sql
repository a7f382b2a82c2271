-- The public views: what analysts and their tools may rely on. Columns are a promise; a new need is a new column.
-- A visitor of kind `day` is another one tomorrow, a visitor of kind `none` is nobody: views that count people say so.

CREATE OR REPLACE VIEW gateway.sessions${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    session UUID COMMENT 'Pseudonym of the visit',
    visitor UUID COMMENT 'Pseudonym of the visitor; zero when there is none',
    visitor_kind LowCardinality(String) COMMENT 'How far the pseudonym reaches [none, day, durable]',
    started_at DateTime64(3, 'UTC') COMMENT 'First event [ms, UTC]',
    ended_at DateTime64(3, 'UTC') COMMENT 'Last event [ms, UTC]',
    duration_s Float64 COMMENT 'Time between the two [s]',
    events UInt64 COMMENT 'Events [count]',
    pages UInt64 COMMENT 'Page views [count]',
    entry_path String COMMENT 'Path of the first page',
    exit_path String COMMENT 'Path of the last page',
    channel LowCardinality(String) COMMENT 'Marketing channel of the first event',
    source LowCardinality(String) COMMENT 'utm_source of the first event',
    medium LowCardinality(String) COMMENT 'utm_medium of the first event',
    campaign LowCardinality(String) COMMENT 'utm_campaign of the first event',
    country LowCardinality(String) COMMENT 'Country [ISO 3166-1 alpha-2]',
    device LowCardinality(String) COMMENT 'Device class',
    browser LowCardinality(String) COMMENT 'Browser family',
    os LowCardinality(String) COMMENT 'Operating system family',
    stages Array(LowCardinality(String)) COMMENT 'Stages of the journey that were reached, in alphabetical order',
    micro_conversions UInt64 COMMENT 'Micro-conversions, see gateway.micro_conversions [count]',
    orders UInt64 COMMENT 'Different orders bought [count]',
    revenue Decimal(38, 2) COMMENT 'Value of the purchases, an order that was sent twice counted once [currency units, see currency]',
    currency LowCardinality(String) COMMENT 'Currency of the last purchase [ISO 4217]',
    bot Bool COMMENT 'Any event was sent by a bot [0, 1]'
) AS
SELECT
    e.site AS site,
    e.session AS session,
    any(e.visitor) AS visitor,
    any(e.visitor_kind) AS visitor_kind,
    min(e.event_time) AS started_at,
    max(e.event_time) AS ended_at,
    dateDiff('millisecond', started_at, ended_at) / 1000 AS duration_s,
    count() AS events,
    countIf(e.event = 'page_view') AS pages,
    argMin(e.page_path, e.event_time) AS entry_path,
    argMax(e.page_path, e.event_time) AS exit_path,
    argMin(e.channel, e.event_time) AS channel,
    argMin(e.source, e.event_time) AS source,
    argMin(e.medium, e.event_time) AS medium,
    argMin(e.campaign, e.event_time) AS campaign,
    any(e.country) AS country,
    any(e.device) AS device,
    any(e.browser) AS browser,
    any(e.os) AS os,
    arraySort(groupUniqArrayIf(e.stage, e.stage != '')) AS stages,
    countIf(${micro:e}) AS micro_conversions,
    uniqExactIf(e.order_id, e.event = 'purchase' AND e.order_id != '') AS orders,
    arraySum(bought -> bought.2, groupUniqArrayIf((if(e.order_id = '', toString(e.event_id), e.order_id), e.value), e.event = 'purchase')) AS revenue,
    argMaxIf(e.currency, e.event_time, e.event = 'purchase') AS currency,
    max(e.bot) AS bot
FROM gateway.events AS e
WHERE e.session != toUUID('00000000-0000-0000-0000-000000000000')
GROUP BY e.site, e.session
COMMENT 'One row per visit that may be told apart. Visits without a session pseudonym are not in it';

CREATE OR REPLACE VIEW gateway.funnel_steps${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    actor UUID COMMENT 'Whose journey: the visitor, or the session where there is no visitor',
    basis LowCardinality(String) COMMENT 'How far the actor reaches [session, day, durable]',
    at DateTime('UTC') COMMENT 'When [s, UTC]; the type that windowFunnel takes',
    event LowCardinality(String) COMMENT 'What happened',
    stage LowCardinality(String) COMMENT 'Stage of the journey',
    step UInt8 COMMENT 'Place of the stage [1 discovery, 2 consideration, 3 engagement, 4 evaluation, 5 intent, 6 conversion, 7 loyalty, 0 none]',
    product_id String COMMENT 'Product it is about',
    category LowCardinality(String) COMMENT 'Category of the product',
    seller_id LowCardinality(String) COMMENT 'Seller of the product',
    channel LowCardinality(String) COMMENT 'Marketing channel',
    campaign LowCardinality(String) COMMENT 'utm_campaign',
    country LowCardinality(String) COMMENT 'Country [ISO 3166-1 alpha-2]',
    device LowCardinality(String) COMMENT 'Device class',
    value Decimal(18, 2) COMMENT 'Value of the event [currency units, see currency]',
    currency LowCardinality(String) COMMENT 'Currency of value [ISO 4217]'
) AS
SELECT
    e.site AS site,
    if(e.visitor_kind = 'none', e.session, e.visitor) AS actor,
    if(e.visitor_kind = 'none', 'session', e.visitor_kind) AS basis,
    toDateTime(e.event_time, 'UTC') AS at,
    e.event AS event,
    e.stage AS stage,
    toUInt8(indexOf(['discovery', 'consideration', 'engagement', 'evaluation', 'intent', 'conversion', 'loyalty'], e.stage)) AS step,
    e.product_id AS product_id,
    e.category AS category,
    e.seller_id AS seller_id,
    e.channel AS channel,
    e.campaign AS campaign,
    e.country AS country,
    e.device AS device,
    e.value AS value,
    e.currency AS currency
FROM gateway.events AS e
WHERE NOT e.bot AND actor != toUUID('00000000-0000-0000-0000-000000000000')
COMMENT 'Steps for windowFunnel, one row per event of somebody who may be told apart; group by actor';

CREATE OR REPLACE VIEW gateway.micro_conversions${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    day Date COMMENT 'Day of the event [UTC]',
    event_time DateTime64(3, 'UTC') COMMENT 'When [ms, UTC]',
    event LowCardinality(String) COMMENT 'Which micro-conversion',
    stage LowCardinality(String) COMMENT 'Stage of the journey',
    visitor UUID COMMENT 'Pseudonym of the visitor; zero when there is none',
    visitor_kind LowCardinality(String) COMMENT 'How far the pseudonym reaches [none, day, durable]',
    session UUID COMMENT 'Pseudonym of the visit; zero when there is none',
    product_id String COMMENT 'Product it is about',
    category LowCardinality(String) COMMENT 'Category of the product',
    seller_id LowCardinality(String) COMMENT 'Seller of the product',
    channel LowCardinality(String) COMMENT 'Marketing channel',
    campaign LowCardinality(String) COMMENT 'utm_campaign',
    country LowCardinality(String) COMMENT 'Country [ISO 3166-1 alpha-2]',
    device LowCardinality(String) COMMENT 'Device class',
    properties Map(LowCardinality(String), String) COMMENT 'Further properties'
) AS
SELECT
    e.site AS site,
    toDate(e.event_time, 'UTC') AS day,
    e.event_time AS event_time,
    e.event AS event,
    e.stage AS stage,
    e.visitor AS visitor,
    e.visitor_kind AS visitor_kind,
    e.session AS session,
    e.product_id AS product_id,
    e.category AS category,
    e.seller_id AS seller_id,
    e.channel AS channel,
    e.campaign AS campaign,
    e.country AS country,
    e.device AS device,
    e.properties AS properties
FROM gateway.events AS e
WHERE ${micro:e} AND NOT e.bot
COMMENT 'Small yeses on the way: events with a stage that are neither looking around (page_view, product_view, scroll ...) nor the goal itself';

CREATE OR REPLACE VIEW gateway.conversions${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    day Date COMMENT 'Day of the event [UTC]',
    event_time DateTime64(3, 'UTC') COMMENT 'When [ms, UTC]',
    event LowCardinality(String) COMMENT 'Which goal [purchase, generate_lead]',
    visitor UUID COMMENT 'Pseudonym of the visitor; zero when there is none',
    visitor_kind LowCardinality(String) COMMENT 'How far the pseudonym reaches [none, day, durable]',
    session UUID COMMENT 'Pseudonym of the visit; zero when there is none',
    order_id String COMMENT 'Order; empty for leads',
    value Decimal(18, 2) COMMENT 'Value [currency units, see currency]',
    currency LowCardinality(String) COMMENT 'Currency of value [ISO 4217]',
    items Array(Tuple(product_id String, category String, seller_id String, price Decimal(18, 2), quantity UInt32)) COMMENT 'Products that were bought, with their sellers, price per unit [currency units] and quantity [count]',
    channel LowCardinality(String) COMMENT 'Marketing channel of the event',
    source LowCardinality(String) COMMENT 'utm_source of the event',
    medium LowCardinality(String) COMMENT 'utm_medium of the event',
    campaign LowCardinality(String) COMMENT 'utm_campaign of the event',
    country LowCardinality(String) COMMENT 'Country [ISO 3166-1 alpha-2]',
    device LowCardinality(String) COMMENT 'Device class'
) AS
SELECT
    e.site AS site,
    toDate(e.event_time, 'UTC') AS day,
    e.event_time AS event_time,
    e.event AS event,
    e.visitor AS visitor,
    e.visitor_kind AS visitor_kind,
    e.session AS session,
    e.order_id AS order_id,
    e.value AS value,
    e.currency AS currency,
    e.items AS items,
    e.channel AS channel,
    e.source AS source,
    e.medium AS medium,
    e.campaign AS campaign,
    e.country AS country,
    e.device AS device
FROM gateway.events AS e
WHERE e.event IN ('purchase', 'generate_lead') AND NOT e.bot
ORDER BY e.event_time
LIMIT 1 BY site, event, if(e.order_id = '', toString(e.event_id), e.order_id)
COMMENT 'The goals themselves. A purchase that the page sent twice (same order) counts once, the first time';

CREATE OR REPLACE VIEW gateway.daily${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app',
    day Date COMMENT 'Day of the events [UTC]',
    event LowCardinality(String) COMMENT 'What happened',
    stage LowCardinality(String) COMMENT 'Stage of the journey',
    events UInt64 COMMENT 'How often [count]',
    visitors UInt64 COMMENT 'By how many different visitors; those of kind none are not counted [count]',
    durable_visitors UInt64 COMMENT 'Of these, visitors that consented to be recognised on another day [count]',
    sessions UInt64 COMMENT 'In how many different visits [count]',
    value Decimal(38, 2) COMMENT 'Sum of the values [currency units]; meaningful where a site has one currency',
    flagged UInt64 COMMENT 'How many broke a rule of their contract [count]',
    bots UInt64 COMMENT 'How many were sent by bots, counted in events as well [count]'
) AS
SELECT
    e.site AS site,
    toDate(e.event_time, 'UTC') AS day,
    e.event AS event,
    any(e.stage) AS stage,
    count() AS events,
    uniqExactIf(e.visitor, e.visitor_kind != 'none') AS visitors,
    uniqExactIf(e.visitor, e.visitor_kind = 'durable') AS durable_visitors,
    uniqExactIf(e.session, e.session != toUUID('00000000-0000-0000-0000-000000000000')) AS sessions,
    sum(e.value) AS value,
    countIf(e.verdict = 'flagged') AS flagged,
    countIf(e.bot) AS bots
FROM gateway.events AS e
GROUP BY e.site, day, e.event
COMMENT 'Counts by day and event';
