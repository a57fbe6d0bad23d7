CREATE TABLE IF NOT EXISTS caller_id_imports (
    id {id} NOT NULL PRIMARY KEY,
    file_name {text:300} NOT NULL,
    made_at {instant} NOT NULL,
    made_by {text:100} NOT NULL,
    added {int} NOT NULL,
    changed {int} NOT NULL,
    unchanged {int} NOT NULL,
    refused {int} NOT NULL,
    finished_at {instant},
    undone_at {instant}
);

CREATE TABLE IF NOT EXISTS caller_id_import_rows (
    import_id {id} NOT NULL,
    caller_id_id {id} NOT NULL,
    previous {json},
    CONSTRAINT caller_id_import_rows__caller_id PRIMARY KEY (import_id, caller_id_id),
    CONSTRAINT caller_id_import_rows_to_imports FOREIGN KEY (import_id) REFERENCES caller_id_imports (id) ON DELETE CASCADE
)
