CREATE TABLE IF NOT EXISTS extension_imports (
    id {id} NOT NULL PRIMARY KEY,
    file_name {text:300} NOT NULL,
    made_at {instant} NOT NULL,
    made_by {text:100} NOT NULL,
    created {int} NOT NULL,
    changed {int} NOT NULL,
    unchanged {int} NOT NULL,
    undone_at {instant}
);

CREATE TABLE IF NOT EXISTS extension_import_rows (
    import_id {id} NOT NULL,
    extension_id {id} NOT NULL,
    previous {json},
    written {json} NOT NULL,
    CONSTRAINT extension_import_rows__extension PRIMARY KEY (import_id, extension_id),
    CONSTRAINT extension_import_rows_to_imports FOREIGN KEY (import_id) REFERENCES extension_imports (id) ON DELETE CASCADE
)
