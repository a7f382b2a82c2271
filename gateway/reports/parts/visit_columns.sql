-- What is known of a visit, or of a part of one: its last purchase, its first arrival. An arrival is one number: its time
-- in ms in the upper 64 bits, which channel, source, medium and campaign in the lower; all bits are set where none was seen.
maxIf(event_time, event = 'purchase') AS purchased_at,
            min(if(channel = '', bitNot(toUInt128(0)), bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(event_time)), 64), toUInt128(cityHash64(channel, source, medium, campaign))))) AS entry
