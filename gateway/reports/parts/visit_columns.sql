-- What is known of a visit, or of a part of one: its last purchase, its first arrival.
maxIf(event_time, event = 'purchase') AS purchased_at,
            min(if(channel = '', '~', arrayStringConcat([leftPad(hex(toUnixTimestamp64Milli(event_time)), 16, '0'), channel, source, medium, campaign], '\x1F'))) AS entry
