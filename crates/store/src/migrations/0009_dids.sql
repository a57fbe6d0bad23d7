CREATE TABLE IF NOT EXISTS dids (
    id {id} NOT NULL PRIMARY KEY,
    number {text:64} NOT NULL,
    queue_id {id} NOT NULL,
    note {text:500} NOT NULL,
    CONSTRAINT dids__number UNIQUE (number),
    CONSTRAINT dids_to_queues FOREIGN KEY (queue_id) REFERENCES queues (id)
);

CREATE INDEX IF NOT EXISTS dids_by_queue ON dids (queue_id)
