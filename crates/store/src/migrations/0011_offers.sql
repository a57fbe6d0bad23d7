CREATE TABLE IF NOT EXISTS offers (
    id {id} NOT NULL PRIMARY KEY,
    call_id {id} NOT NULL,
    queue_id {id} NOT NULL,
    agent_id {id} NOT NULL,
    made_at {instant} NOT NULL,
    ended_at {instant},
    result {text:20},
    ring_ms {int}
);

CREATE INDEX IF NOT EXISTS offers_by_call ON offers (call_id);

CREATE INDEX IF NOT EXISTS offers_by_agent ON offers (agent_id, made_at)
