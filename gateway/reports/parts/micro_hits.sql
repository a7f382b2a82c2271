-- Each micro-conversion with the visit that it belongs to.
SELECT ${visit} AS visit, event, stage, event_time
FROM gateway.micro_conversions
WHERE ${micro_days}
