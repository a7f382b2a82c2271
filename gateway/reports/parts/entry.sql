-- How a visit came: one number, the time of the first arrival in ms in the upper 64 bits, which channel, source, medium and
-- campaign in the lower; all bits are set where none was seen.
min(if(channel = '', bitNot(toUInt128(0)), bitOr(bitShiftLeft(toUInt128(toUnixTimestamp64Milli(event_time)), 64), toUInt128(cityHash64(channel, source, medium, campaign)))))
