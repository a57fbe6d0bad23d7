ALTER TABLE trunks ADD COLUMN {IF NOT EXISTS} outbound {json};

ALTER TABLE calls ADD COLUMN {IF NOT EXISTS} trunk {text:40};

CREATE TABLE IF NOT EXISTS trunk_checks (
    id {id} NOT NULL PRIMARY KEY,
    trunk_id {id} NOT NULL,
    made_at {instant} NOT NULL,
    made_by {text:100} NOT NULL,
    result {json} NOT NULL,
    CONSTRAINT trunk_checks_to_trunks FOREIGN KEY (trunk_id) REFERENCES trunks (id) ON DELETE CASCADE
);

CREATE INDEX IF NOT EXISTS trunk_checks_by_time ON trunk_checks (trunk_id, made_at)
