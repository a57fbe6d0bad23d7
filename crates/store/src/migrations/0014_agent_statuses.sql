CREATE TABLE IF NOT EXISTS agent_statuses (
    agent_id {id} NOT NULL PRIMARY KEY,
    state {text:20} NOT NULL,
    reason {text:200},
    since {instant} NOT NULL,
    ends_at {instant},
    call_id {id},
    offer_id {id},
    next_state {text:20},
    next_reason {text:200}
)
