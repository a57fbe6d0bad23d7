CREATE INDEX IF NOT EXISTS agent_states_by_time ON agent_states (ended_at, started_at)
