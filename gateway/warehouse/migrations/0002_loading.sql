-- What the loader keeps in the warehouse: who may load, and what it has loaded. See gateway/warehouse/load.py.

CREATE TABLE IF NOT EXISTS gateway.load_epochs${on_cluster} (
    loader String COMMENT 'Identity of a journal folder''s loader [16 hex] (load)',
    epoch UInt64 COMMENT 'Only the loader that knows the greatest one can insert; every start raises it [count] (load)'
)
ENGINE = ${everywhere:ReplacingMergeTree(epoch)}
ORDER BY loader
COMMENT 'Fence: an INSERT of a loader that died, arriving late, finds a greater epoch here and stores nothing';

CREATE TABLE IF NOT EXISTS gateway.load_batches${on_cluster} (
    batch UInt64 COMMENT 'Identity of the batch, as it stands in every row of it (load)',
    loader String COMMENT 'Identity of the loader, see gateway.load_epochs [16 hex] (load)',
    segments UInt32 COMMENT 'Sealed journal segments that it was made of [count] (load)',
    rows Map(LowCardinality(String), UInt64) COMMENT 'Rows of it, by stream [count] (load)',
    loaded_at DateTime64(3, 'UTC') COMMENT 'When it was known to be complete [ms, UTC] (load)'
)
ENGINE = ${everywhere:ReplacingMergeTree(loaded_at)}
ORDER BY batch
TTL toDateTime(loaded_at) + INTERVAL 90 DAY DELETE
COMMENT 'What was loaded: the number of rows that each batch must have in events and tallies. Read it with FINAL';
