-- Properties that arrive and that no contract lists: by name and type, without values. See gateway/intake/unlisted.py.

CREATE TABLE IF NOT EXISTS gateway.sightings${local}${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app (site configuration)',
    day Date COMMENT 'Day on which it was seen [UTC] (collect)',
    event LowCardinality(String) COMMENT 'Event that it came with (adapter)',
    property LowCardinality(String) COMMENT 'Its name; told only after ten different visitors sent it that day (unlisted)',
    type LowCardinality(String) COMMENT 'What its values were [string, number, integer, boolean] (unlisted)',
    events UInt64 CODEC(T64, ZSTD(1)) COMMENT 'With how many events it came [count] (collect)',
    batch UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Sealed range of the journal that it was loaded with [number] (load)',
    INDEX by_batch batch TYPE minmax GRANULARITY 1
)
ENGINE = ${engine:MergeTree}
PARTITION BY toYYYYMM(day)
ORDER BY (site, event, property, day)
TTL day + INTERVAL 400 DAY DELETE
SETTINGS ${durable}
COMMENT 'Properties that arrived and that no contract lists, counted by day: names and types, never a value. Sum the events';

${distributed:sightings:sipHash64(site, day)};
