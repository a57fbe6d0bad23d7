CREATE TABLE IF NOT EXISTS cdr_packs (
    source {text:100} NOT NULL,
    day {int} NOT NULL,
    part {int} NOT NULL,
    call_rows {int} NOT NULL,
    bytes {bytes} NOT NULL,
    CONSTRAINT cdr_packs__part PRIMARY KEY (source, day, part)
);

CREATE TABLE IF NOT EXISTS cdr_destinations (
    chunk {int} NOT NULL PRIMARY KEY,
    bytes {bytes} NOT NULL
);

CREATE TABLE IF NOT EXISTS cdr_marks (
    source {text:100} NOT NULL PRIMARY KEY,
    mark {json} NOT NULL
)
