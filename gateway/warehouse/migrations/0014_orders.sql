-- Who is to be erased because a hit said so: a consent taken back, or a call to delete. See gateway/intake/orders.py.

CREATE TABLE IF NOT EXISTS gateway.erasure_orders${local}${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app that it was said to (site configuration)',
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)) COMMENT 'When it was said; rows of before are the person''s [ms, UTC] (collect)',
    visitor UUID CODEC(ZSTD(1)) COMMENT 'Pseudonym of the visitor, zero where none was named (keyring)',
    account UUID CODEC(ZSTD(1)) COMMENT 'Pseudonym of the account, zero where none was named (keyring)',
    cause LowCardinality(String) COMMENT 'Why [withdrawn: all consent was taken back, asked: a call to delete] (orders)',
    batch UInt64 CODEC(Delta, ZSTD(1)) COMMENT 'Sealed range of the journal that it was loaded with [number] (load)',
    INDEX by_batch batch TYPE minmax GRANULARITY 1
)
ENGINE = ${engine:MergeTree}
PARTITION BY toYYYYMM(received_at)
ORDER BY (site, received_at)
SETTINGS ${durable}
COMMENT 'People whose rows are to be erased because a hit said so; an order goes with the rows it names, in the same erasure';

${distributed:erasure_orders:sipHash64(visitor)};
