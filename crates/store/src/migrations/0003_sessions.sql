CREATE TABLE IF NOT EXISTS sessions (
    id {id} NOT NULL PRIMARY KEY,
    token_hash {text:64} NOT NULL,
    user_id {id} NOT NULL,
    created_at {instant} NOT NULL,
    last_seen_at {instant} NOT NULL,
    expires_at {instant} NOT NULL,
    revoked_at {instant},
    CONSTRAINT sessions__token_hash UNIQUE (token_hash),
    CONSTRAINT sessions_to_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id);

CREATE INDEX IF NOT EXISTS sessions_by_expiry ON sessions (expires_at)
