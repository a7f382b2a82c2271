-- Which small yeses lead to a purchase? Visits with a micro-conversion, and how many of these bought after it. Those that
-- bought are few, so only for them the order of things is looked at.

-- name: visits
WITH (${continued}) AS continued
SELECT 0 AS arrival, '' AS name, (SELECT count() FROM (${visit_ids})) AS visits, (SELECT count() FROM (${buyers})) AS bought, [] AS people

-- name: micro
WITH (${continued}) AS continued
SELECT 0 AS arrival, event, any(stage) AS stage, uniqExact(visit) AS did
FROM (${micro_hits})
GROUP BY event

-- name: bought
WITH (${continued}) AS continued
SELECT 0 AS arrival, event, countIf(purchased_at > first_at) AS then_bought, count() AS bought_at_all
FROM (
    SELECT visit, event, min(hits.event_time) AS first_at, max(buyers.purchased_at) AS purchased_at
    FROM (${micro_hits}) AS hits
    INNER JOIN (${buyers}) AS buyers ON buyers.visit = hits.visit
    GROUP BY visit, event
)
GROUP BY event

-- name: visits_by
WITH (${continued}) AS continued
SELECT came.id AS arrival, ${arrival} AS name, visits, bought, people
FROM (
    SELECT toUInt64(entry) AS id, count() AS visits, countIf(purchased_at > 0) AS bought, groupUniqArray({told:UInt64})(actor) AS people
    FROM (${visits})
    GROUP BY id
) AS came
LEFT ANY JOIN (${arrival_names}) AS names ON names.id = came.id

-- name: micro_by
WITH (${continued}) AS continued
SELECT arrivals.id AS arrival, event, any(stage) AS stage, uniqExact(visit) AS did
FROM (${micro_hits}) AS hits
INNER JOIN (${visit_arrivals}) AS arrivals ON arrivals.visit = hits.visit
GROUP BY arrival, event

-- name: bought_by
WITH (${continued}) AS continued
SELECT arrival, event, countIf(purchased_at > first_at) AS then_bought, count() AS bought_at_all
FROM (
    SELECT visit, event, min(hits.event_time) AS first_at, max(buyers.purchased_at) AS purchased_at, any(buyers.arrival) AS arrival
    FROM (${micro_hits}) AS hits
    INNER JOIN (
        SELECT visit, purchased_at, toUInt64(entry) AS arrival FROM (${visits}) WHERE visit IN (SELECT visit FROM (${buyers}))
    ) AS buyers ON buyers.visit = hits.visit
    GROUP BY visit, event
)
GROUP BY arrival, event
