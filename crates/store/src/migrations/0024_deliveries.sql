CREATE TABLE IF NOT EXISTS recipients (
    id {id} NOT NULL PRIMARY KEY,
    name {text:100} NOT NULL,
    target {json} NOT NULL,
    alarms {bool} NOT NULL,
    sealed_secret {text:4000} NOT NULL,
    CONSTRAINT recipients__name UNIQUE (name)
);

CREATE TABLE IF NOT EXISTS deliveries (
    id {id} NOT NULL PRIMARY KEY,
    source {text:100} NOT NULL,
    event {text:20} NOT NULL,
    schedule_id {id},
    recipient_id {id} NOT NULL,
    recipient_name {text:100} NOT NULL,
    due_at {instant} NOT NULL,
    late {bool} NOT NULL,
    content {json} NOT NULL,
    state {text:20} NOT NULL,
    attempts {int} NOT NULL,
    next_attempt_at {instant},
    lease {id},
    lease_owner {id},
    error {text:500},
    created_at {instant} NOT NULL,
    finished_at {instant},
    CONSTRAINT deliveries__source UNIQUE (source, due_at, recipient_id)
);

CREATE INDEX IF NOT EXISTS deliveries_by_recipient ON deliveries (recipient_id, state, next_attempt_at);

CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, next_attempt_at);

CREATE INDEX IF NOT EXISTS deliveries_by_schedule ON deliveries (schedule_id, id);

CREATE INDEX IF NOT EXISTS deliveries_by_end ON deliveries (finished_at)
