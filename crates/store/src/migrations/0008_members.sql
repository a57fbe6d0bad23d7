CREATE TABLE IF NOT EXISTS members (
    queue_id {id} NOT NULL,
    agent_id {id} NOT NULL,
    penalty {int} NOT NULL,
    paused {bool} NOT NULL,
    CONSTRAINT members__agent PRIMARY KEY (queue_id, agent_id),
    CONSTRAINT members_to_queues FOREIGN KEY (queue_id) REFERENCES queues (id) ON DELETE CASCADE,
    CONSTRAINT members_to_agents FOREIGN KEY (agent_id) REFERENCES agents (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS members_by_agent ON members (agent_id)
