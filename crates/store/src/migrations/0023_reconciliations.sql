CREATE TABLE IF NOT EXISTS reconciliations (
    day {int} NOT NULL PRIMARY KEY,
    made_at {instant} NOT NULL,
    summary {json} NOT NULL
);

CREATE TABLE IF NOT EXISTS reconciliation_differences (
    day {int} NOT NULL,
    number {int} NOT NULL,
    kind {text:20} NOT NULL,
    body {json} NOT NULL,
    CONSTRAINT reconciliation_differences__number PRIMARY KEY (day, number)
)
