CREATE TABLE IF NOT EXISTS settings (
    name {text:100} NOT NULL PRIMARY KEY,
    value {json} NOT NULL
);

INSERT INTO settings (name, value)
SELECT 'journal.applied_seq', '0'
WHERE NOT EXISTS (SELECT 1 FROM settings WHERE name = 'journal.applied_seq')
