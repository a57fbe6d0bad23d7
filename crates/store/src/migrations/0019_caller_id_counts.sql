CREATE TABLE IF NOT EXISTS caller_id_counts (
    caller_id_id {id} NOT NULL PRIMARY KEY,
    counts {json} NOT NULL
)
