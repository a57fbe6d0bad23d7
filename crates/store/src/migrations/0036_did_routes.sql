CREATE TABLE IF NOT EXISTS did_routes (
    id {id} NOT NULL PRIMARY KEY,
    number {text:64} NOT NULL,
    queue_id {id},
    agent_id {id},
    target {json},
    return_wait_seconds BIGINT NOT NULL,
    note {text:500} NOT NULL,
    CONSTRAINT did_routes__number UNIQUE (number),
    CONSTRAINT did_routes_to_queues FOREIGN KEY (queue_id) REFERENCES queues (id),
    CONSTRAINT did_routes_to_agents FOREIGN KEY (agent_id) REFERENCES agents (id)
);

CREATE INDEX IF NOT EXISTS did_routes_by_queue ON did_routes (queue_id);

CREATE INDEX IF NOT EXISTS did_routes_by_agent ON did_routes (agent_id);

INSERT INTO did_routes (id, number, queue_id, return_wait_seconds, note)
SELECT id, number, queue_id, return_wait_seconds, note FROM dids
WHERE NOT EXISTS (SELECT 1 FROM did_routes WHERE did_routes.id = dids.id)
