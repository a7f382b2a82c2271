-- Steps of a visitor over all the days.
SELECT cityHash64(site, visitor) AS journey, ${funnel_hit}
FROM gateway.events
WHERE ${events} AND visitor_kind = {kind:String} AND event IN {steps:Array(String)}
