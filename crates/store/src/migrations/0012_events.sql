CREATE TABLE IF NOT EXISTS events (
    seq {seq} NOT NULL PRIMARY KEY,
    happened_at {instant} NOT NULL,
    call_id {id},
    kind {text:40} NOT NULL,
    body {json} NOT NULL
);

CREATE INDEX IF NOT EXISTS events_by_call ON events (call_id, seq)
