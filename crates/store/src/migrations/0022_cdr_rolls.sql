CREATE TABLE IF NOT EXISTS cdr_rolls (
    source {text:100} NOT NULL,
    day {int} NOT NULL,
    part {int} NOT NULL,
    rules {text:64} NOT NULL,
    bytes {bytes} NOT NULL,
    CONSTRAINT cdr_rolls__part PRIMARY KEY (source, day, part)
);

CREATE TABLE IF NOT EXISTS cdr_extensions (
    source {text:100} NOT NULL,
    extension {text:255} NOT NULL,
    name {text:255} NOT NULL,
    named_at {int} NOT NULL,
    CONSTRAINT cdr_extensions__extension PRIMARY KEY (source, extension)
)
