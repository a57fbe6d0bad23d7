CREATE TABLE IF NOT EXISTS agents (
    id {id} NOT NULL PRIMARY KEY,
    name {text:100} NOT NULL,
    extension {text:64} NOT NULL,
    user_id {id},
    skills {json} NOT NULL,
    active {bool} NOT NULL,
    CONSTRAINT agents__extension UNIQUE (extension),
    CONSTRAINT agents__user UNIQUE (user_id),
    CONSTRAINT agents_to_users FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
)
