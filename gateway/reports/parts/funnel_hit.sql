-- One event that is a step: whose it is where that is asked for, when it was and which step it is, as one number, time *
-- 16 + step.
if({by:String} = '', 0, cityHash64(site, visitor)) AS actor,
        toUInt64(toUnixTimestamp64Milli(event_time)) * 16 + indexOf({steps:Array(String)}, event) AS mark,
        ${funnel_name} AS name
