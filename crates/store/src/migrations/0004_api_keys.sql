CREATE TABLE IF NOT EXISTS api_keys (
    id {id} NOT NULL PRIMARY KEY,
    name {text:100} NOT NULL,
    role {text:20} NOT NULL,
    created_at {instant} NOT NULL,
    last_used_at {instant},
    revoked_at {instant},
    key_hash {text:64} NOT NULL,
    CONSTRAINT api_keys__name UNIQUE (name),
    CONSTRAINT api_keys__key_hash UNIQUE (key_hash)
)
