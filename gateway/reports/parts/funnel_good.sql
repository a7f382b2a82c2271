-- The same for what an event is about: once for each of the sellers, or categories, of its product and of its items.
cityHash64(site, visitor) AS actor,
        toUInt64(toUnixTimestamp64Milli(event_time)) * 16 + indexOf({steps:Array(String)}, event) AS mark,
        arrayJoin(arrayFilter(name -> name != '', arrayDistinct(arrayPushFront(tupleElement(items, {dimension:String}), toString({dimension:Identifier}))))) AS name
