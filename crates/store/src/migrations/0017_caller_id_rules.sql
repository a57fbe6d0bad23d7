CREATE TABLE IF NOT EXISTS caller_id_rules (
    campaign {text:100} NOT NULL PRIMARY KEY,
    pool {text:100},
    sticky_days {int} NOT NULL
)
