-- Events of the visits {begin} to {begin} + {count}, in the order of time: visit `v`, its `i`th event.
INSERT INTO gateway.events (site, event, event_id, event_time, received_at, adapter, visitor, visitor_kind, session,
    key_epoch, stage, region, purposes, policy, contract, verdict, page_host, page_path, referrer_host, source,
    medium, campaign, channel, country, device, browser, os, language, product_id, category, seller_id, order_id, value, currency,
    properties, items, expires_at, identity_expires_at, batch)
WITH
    toUUID('00000000-0000-0000-0000-000000000000') AS nil,
    (a, b) -> reinterpretAsUUID(reinterpretAsUInt128(concat(reinterpretAsString(a), reinterpretAsString(b)))) AS pseudonym,
    cityHash64(v, 1) AS seed, seed % {people} AS person, cityHash64(person, 7) AS who, who % 100 AS class,
    multiIf(class < 70, 'durable', class < 80, 'day', 'none') AS kind,
    toDateTime64('{first} 00:00:00', 3, 'UTC') + v * {pace_s} + (cityHash64(v, 13) % 600000) / 1000.0 AS began,
    cityHash64(v, i, 2) AS e,
    multiIf(i = 0, 'page_view', i > 5 AND e % 60 = 0, 'purchase', {names}[1 + e % 100]) AS name,
    began + (i * 22000 + e % 20000) / 1000.0 AS happened,
    multiIf(kind = 'durable', happened, kind = 'day', toStartOfSecond(happened),
            toDateTime64(toStartOfHour(happened), 3, 'UTC')) AS at,
    transform(name, {staged}, {stages}, '') AS place,
    name IN ('product_view', 'add_to_cart', 'wishlist_add', 'mood_board_add', 'gallery_zoom', 'product_compare',
             'size_guide_view', 'product_select') AS about,
    cityHash64(v, i, 3) % 400 AS product, concat('S-', toString(cityHash64(product) % 40)) AS seller,
    ['tableware', 'vases', 'rugs', 'textiles', 'lighting', 'furniture', 'tiles', 'mirrors', 'outdoor', 'kitchen'][
        1 + cityHash64(product) % 10] AS kind_of,
    toDecimal64((1000 + cityHash64(product, 5) % 40000) / 100, 2) AS price, cityHash64(v, 9) % 16 AS way
SELECT
    'demo', name, pseudonym(e, cityHash64(e, v, i)), at, at + toIntervalMillisecond(if(kind = 'durable', e % 3000, 0)),
    ['own', 'ga4', 'segment'][1 + who % 3],
    multiIf(kind = 'durable', pseudonym(who, cityHash64(who)), kind = 'day',
            pseudonym(cityHash64(who, toDate(happened)), cityHash64(who, 3, toDate(happened))), nil),
    kind, if(class < 52, pseudonym(seed, toUInt64(0)), nil), kind = 'durable', place, 'everywhere_alike',
    if(kind = 'durable', ['operations', 'counting', 'analytics'], ['operations', 'counting']), '0123456789abcdef',
    if(place = '', '', concat(name, '@1')), multiIf(place = '', 'no_contract', e % 211 = 0, 'flagged', 'valid'),
    'www.shop.example', if(about, concat('/it/p/mc-', toString(product)), concat('/it/c/', kind_of)),
    if(i = 0 AND way % 3 != 0, 'www.google.com', ''), if(i = 0 AND way > 7, 'google', ''), if(i = 0 AND way > 7, 'cpc', ''),
    if(i = 0 AND way > 7, concat('campaign-', toString(way)), ''),
    if(i = 0, ['direct', 'organic', 'referral', 'email', 'social', 'organic', 'direct', 'organic', 'paid_search',
               'paid_search', 'paid_social', 'paid_social', 'email', 'affiliate', 'display', 'messaging'][1 + way], ''),
    ['IT', 'FR', 'DE', 'ES', 'GR', 'PT', 'NL', 'AT', 'BE', 'HR', 'CY', 'GB', 'CH', 'US', 'PL', 'SE'][1 + who % 16],
    ['mobile', 'mobile', 'desktop', 'tablet'][1 + who % 4], ['Chrome', 'Safari', 'Firefox', 'Edge'][1 + who % 4],
    ['iOS', 'Android', 'Windows', 'macOS'][1 + who % 4], ['it', 'fr', 'de', 'es'][1 + who % 4],
    if(about, concat('MC-', toString(product)), ''), if(about, kind_of, ''), if(about, seller, ''),
    if(name = 'purchase' AND kind = 'durable', concat('ORD-', hex(e)), ''),
    if(name IN ('purchase', 'add_to_cart', 'begin_checkout') AND kind = 'durable', price, 0),
    if(name IN ('purchase', 'add_to_cart', 'begin_checkout') AND kind = 'durable', 'EUR', ''),
    multiIf(name = 'search', map('search_term', 'olive wood', 'results', toString(e % 48)),
            name = 'filter_apply', map('filter_name', 'price', 'filter_value', '50-100'),
            name = 'product_view', map('brand', 'Etna', 'price', toString(price)), name = 'scroll', map('percent', '90'), map()),
    if(name IN ('purchase', 'product_list_view', 'begin_checkout'),
       arrayMap(k -> (concat('MC-', toString(cityHash64(v, i, k) % 400)), kind_of, concat('S-', toString(cityHash64(v, k) % 40)),
                      price, toUInt32(1)), range(if(name = 'purchase', 1 + e % 3, 4))), []),
    toStartOfDay(at) + INTERVAL 395 DAY, toStartOfDay(at) + toIntervalDay(if(kind = 'day', 760, 395)),
    1760000000000 + intDiv(v, 2000)
FROM (SELECT number AS v, 1 + least(24, toUInt32(-5.2 * log((cityHash64(number, 11) % 100000 + 1) / 100001))) AS n
      FROM numbers({begin}, {count}))
ARRAY JOIN range(n) AS i
