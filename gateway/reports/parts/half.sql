-- A named session or, where the page names none, the visitor's half hour of the clock; one number.
cityHash64(site, visitor, session) + if(session = toUUID('00000000-0000-0000-0000-000000000000'), toUInt32(intDiv(toUnixTimestamp(event_time), 1800)), 0)
