-- Journeys, each with how far it got.
SELECT name, actor, journey, ${funnel_level} AS level
FROM (
    SELECT anyIf(hits.name, {by:String} != '') AS name, anyIf(hits.actor, {by:String} != '') AS actor, journey, groupArray(hits.mark) AS marks, groupBitOr(bitShiftLeft(1, bitAnd(hits.mark, 15))) AS mask
    FROM hits
    GROUP BY journey
)
WHERE level > 0
