-- The same, apart by what the steps are about.
SELECT name, actor, journey, ${funnel_level} AS level
FROM (
    SELECT hits.name AS name, any(hits.actor) AS actor, journey, groupArray(hits.mark) AS marks, groupBitOr(bitShiftLeft(1, bitAnd(hits.mark, 15))) AS mask
    FROM hits
    GROUP BY journey, hits.name
)
WHERE level > 0
