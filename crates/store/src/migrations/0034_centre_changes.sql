CREATE TABLE IF NOT EXISTS centre_changes (
    id {id} NOT NULL PRIMARY KEY,
    kind {text:20} NOT NULL,
    made_at {instant} NOT NULL,
    made_by {text:100} NOT NULL,
    finished_at {instant},
    document {json} NOT NULL,
    before_it {json} NOT NULL
)
