-- Micro-conversions of the site and the days that are asked for, by visitors who may be recognised.
(site = {site:String} OR {site:String} = '') AND event_time >= toDateTime64({since:Date}, 3, 'UTC') AND event_time < toDateTime64({until:Date}, 3, 'UTC')
        AND visitor_kind = 'durable'
