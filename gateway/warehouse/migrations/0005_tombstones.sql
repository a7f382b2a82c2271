-- Who asked to be forgotten, as the loaders must know it: a keyed pseudonym and a time. See gateway/warehouse/erase.py.

CREATE TABLE IF NOT EXISTS gateway.tombstones${on_cluster} (
    site LowCardinality(String) COMMENT 'The shop or app that it was asked of (privacy)',
    kind LowCardinality(String) COMMENT 'Column that held the pseudonym [visitor, account] (privacy)',
    pseudonym UUID COMMENT 'Keyed pseudonym of the person; means nothing once its key is destroyed (keyring)',
    asked_at DateTime64(3, 'UTC') COMMENT 'Rows of before are not loaded again, whenever they arrive [ms, UTC] (privacy)',
    request UUID COMMENT 'The request, see gateway.erasures (privacy)',
    expires_at DateTime('UTC') COMMENT 'When no row of before could be kept any more, and this one goes too [s, UTC] (policy)'
)
ENGINE = ${everywhere:ReplacingMergeTree(asked_at)}
ORDER BY (site, kind, pseudonym)
TTL expires_at DELETE
COMMENT 'Pseudonyms whose rows of before a request are left out when a segment is loaded again or late. Read it with FINAL';
