-- Journeys, each with how far it got.
SELECT name, actor, journey, ${funnel_level} AS level
FROM (
    SELECT any(hits.name) AS name, any(hits.actor) AS actor, journey, groupArray(hits.mark) AS marks, groupBitOr(bitShiftLeft(1, bitAnd(hits.mark, 15))) AS mask
    FROM hits
    GROUP BY journey
)
WHERE level > 0
