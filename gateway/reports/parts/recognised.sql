-- Events of visitors who consented to be recognised, in the words of the projection `journeys`.
(site = {site:String} OR {site:String} = '') AND visitor_kind = 'durable' AND NOT bot
            AND toDate(event_time) >= {begin:Date} AND toDate(event_time) < {until:Date}
