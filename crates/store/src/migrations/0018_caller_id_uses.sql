CREATE TABLE IF NOT EXISTS caller_id_uses (
    id {id} NOT NULL PRIMARY KEY,
    caller_id_id {id} NOT NULL,
    number {text:16} NOT NULL,
    to_e164 {text:16} NOT NULL,
    tier {text:20} NOT NULL,
    campaign {text:100} NOT NULL,
    agent {text:100} NOT NULL,
    made_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    ended_at {instant},
    end_reason {text:20},
    answered {bool},
    talk_ms {int}
);

CREATE INDEX IF NOT EXISTS caller_id_uses_by_time ON caller_id_uses (made_at, id);

CREATE INDEX IF NOT EXISTS caller_id_uses_by_number ON caller_id_uses (number, made_at, id);

CREATE INDEX IF NOT EXISTS caller_id_uses_by_destination ON caller_id_uses (to_e164, made_at, id);

CREATE INDEX IF NOT EXISTS caller_id_uses_by_campaign ON caller_id_uses (campaign, made_at, id);

CREATE INDEX IF NOT EXISTS caller_id_uses_by_end ON caller_id_uses (ended_at, id);

INSERT INTO settings (name, value)
SELECT 'ledger.applied_seq', '0'
WHERE NOT EXISTS (SELECT 1 FROM settings WHERE name = 'ledger.applied_seq')
