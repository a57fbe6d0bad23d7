CREATE TABLE IF NOT EXISTS calls (
    id {id} NOT NULL PRIMARY KEY,
    server_id {id} NOT NULL,
    channel {text:150} NOT NULL,
    direction {text:20} NOT NULL,
    caller_number {text:64} NOT NULL,
    caller_e164 {text:64},
    caller_name {text:100} NOT NULL,
    dialled {text:100} NOT NULL,
    state {text:20} NOT NULL,
    queue_id {id},
    priority {int} NOT NULL,
    agent_id {id},
    offer_id {id},
    arrived_at {instant} NOT NULL,
    queued_at {instant},
    answered_at {instant},
    ended_at {instant},
    wait_ms {int},
    talk_ms {int},
    outcome {text:20},
    overflow_reason {text:20},
    ended_by {text:20},
    hangup_cause {int}
);

CREATE INDEX IF NOT EXISTS calls_by_arrival ON calls (arrived_at, id);

CREATE INDEX IF NOT EXISTS calls_by_queue ON calls (queue_id, arrived_at, id);

CREATE INDEX IF NOT EXISTS calls_by_agent ON calls (agent_id, arrived_at, id);

CREATE INDEX IF NOT EXISTS calls_by_number ON calls (caller_number, arrived_at);

CREATE INDEX IF NOT EXISTS calls_by_e164 ON calls (caller_e164, arrived_at);

CREATE INDEX IF NOT EXISTS calls_by_answer ON calls (answered_at, agent_id);

CREATE INDEX IF NOT EXISTS calls_by_end ON calls (ended_at, id)
