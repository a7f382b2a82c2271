-- The week in one page: these days, and for the figures as many before them (`now` is 0).

-- name: crowd
${now_crowd}

-- name: money
${now_money}

-- name: refusals
${now_refusals}

-- name: days
${now_days}

-- name: channels
WITH (${continued}) AS continued
SELECT ${arrival} AS name, sum(n) AS visits, sum(b) AS bought, groupUniqArrayArray({told:UInt64})(m) AS people
FROM (
    SELECT toUInt64(entry) AS id, count() AS n, countIf(purchased_at > 0) AS b, groupUniqArray({told:UInt64})(actor) AS m
    FROM (${visits})
    GROUP BY id
) AS came
LEFT ANY JOIN (${arrival_names}) AS names ON names.id = came.id
GROUP BY name

-- name: funnel
WITH (${continued}) AS continued, hits AS (${funnel_visit_hits})
SELECT level, count() AS journeys
FROM (${funnel_journeys})
GROUP BY level

-- name: micro
WITH (${continued}) AS continued
SELECT event, any(stage) AS stage, uniqExact(visit) AS did
FROM (${micro_hits})
GROUP BY event

-- name: sales
${sales}
