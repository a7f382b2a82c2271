-- How far do journeys get? A journey is a visit or a visitor; its steps are events in the order that is asked for, each
-- within its own limit after the one before it. How many got to a level and no further.

-- name: visit
WITH (${continued}) AS continued, hits AS (${funnel_visit_hits})
SELECT name, level, count() AS journeys, groupUniqArrayIf({told:UInt64})(actor, {by:String} != '') AS people
FROM (${funnel_journeys})
GROUP BY name, level

-- name: visitor
WITH hits AS (${funnel_visitor_hits})
SELECT name, level, count() AS journeys, groupUniqArrayIf({told:UInt64})(actor, {by:String} != '') AS people
FROM (${funnel_journeys})
GROUP BY name, level

-- name: visit_goods
WITH (${continued}) AS continued, hits AS (${funnel_visit_goods})
SELECT name, level, count() AS journeys, groupUniqArray({told:UInt64})(actor) AS people
FROM (${funnel_good_journeys})
GROUP BY name, level

-- name: visitor_goods
WITH hits AS (${funnel_visitor_goods})
SELECT name, level, count() AS journeys, groupUniqArray({told:UInt64})(actor) AS people
FROM (${funnel_good_journeys})
GROUP BY name, level

-- name: visit_arrival
WITH (${continued}) AS continued, hits AS (${funnel_visit_hits})
SELECT ${arrival} AS name, level, sum(n) AS journeys, groupUniqArrayArray({told:UInt64})(m) AS people
FROM (
    SELECT arrivals.id AS id, level, count() AS n, groupUniqArray({told:UInt64})(actor) AS m
    FROM (${funnel_journeys}) AS journeys
    LEFT ANY JOIN (${visit_arrivals}) AS arrivals ON arrivals.visit = journeys.journey
    GROUP BY id, level
) AS came
LEFT ANY JOIN (${arrival_names}) AS names ON names.id = came.id
GROUP BY name, level

-- name: visitor_arrival
WITH (${continued}) AS continued, hits AS (${funnel_visitor_hits})
SELECT ${arrival} AS name, level, sum(n) AS journeys, groupUniqArrayArray({told:UInt64})(m) AS people
FROM (
    SELECT arrivals.id AS id, level, count() AS n, groupUniqArray({told:UInt64})(actor) AS m
    FROM (${funnel_journeys}) AS journeys
    LEFT ANY JOIN (SELECT actor, toUInt64(min(entry)) AS id FROM (${visits}) GROUP BY actor) AS arrivals ON arrivals.actor = journeys.actor
    GROUP BY id, level
) AS came
LEFT ANY JOIN (${arrival_names}) AS names ON names.id = came.id
GROUP BY name, level
