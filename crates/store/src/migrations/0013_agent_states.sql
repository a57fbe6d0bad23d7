CREATE TABLE IF NOT EXISTS agent_states (
    seq {seq} NOT NULL PRIMARY KEY,
    agent_id {id} NOT NULL,
    state {text:20} NOT NULL,
    reason {text:200},
    started_at {instant} NOT NULL,
    ended_at {instant},
    call_id {id}
);

CREATE INDEX IF NOT EXISTS agent_states_by_agent ON agent_states (agent_id, started_at);

CREATE INDEX IF NOT EXISTS agent_states_by_end ON agent_states (agent_id, ended_at)
