-- The site and the days that are asked for.
(site = {site:String} OR {site:String} = '') AND day >= {since:Date} AND day < {until:Date}
