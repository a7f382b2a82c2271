-- Arrivals by number, in the words of the projection `arrivals`; the dimension asked for is 2 channel, 3 source, 5 campaign.
SELECT
    cityHash64(channel, source, medium, campaign) AS id,
    ['', channel, source, medium, campaign][{arrival:UInt8}] AS said,
    if(said = '', '(none)', said) AS word
FROM gateway.events
WHERE (site = {site:String} OR {site:String} = '') AND toDate(event_time) >= {begin:Date} AND toDate(event_time) < {until:Date} AND channel != ''
GROUP BY channel, source, medium, campaign, id
