CREATE TABLE IF NOT EXISTS users (
    id {id} NOT NULL PRIMARY KEY,
    name {text:100} NOT NULL,
    role {text:20} NOT NULL,
    active {bool} NOT NULL,
    created_at {instant} NOT NULL,
    password_hash {text:300} NOT NULL,
    CONSTRAINT users__name UNIQUE (name)
)
