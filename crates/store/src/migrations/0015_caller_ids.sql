CREATE TABLE IF NOT EXISTS caller_ids (
    id {id} NOT NULL PRIMARY KEY,
    number {text:20} NOT NULL,
    e164 {text:16} NOT NULL,
    country {text:2},
    calling_code {int},
    region {text:100},
    area_code {text:8},
    carrier {text:100} NOT NULL,
    labels {json} NOT NULL,
    campaigns {json} NOT NULL,
    per_minute_limit {int},
    hourly_limit {int} NOT NULL,
    daily_limit {int} NOT NULL,
    max_concurrent {int} NOT NULL,
    time_zone {text:100} NOT NULL,
    active {bool} NOT NULL,
    verified {text:20},
    attestation {text:20},
    note {text:500} NOT NULL,
    created_at {instant} NOT NULL,
    updated_at {instant} NOT NULL,
    CONSTRAINT caller_ids__e164 UNIQUE (e164)
);

CREATE INDEX IF NOT EXISTS caller_ids_by_country ON caller_ids (country, e164);

CREATE INDEX IF NOT EXISTS caller_ids_by_area_code ON caller_ids (area_code, e164);

CREATE INDEX IF NOT EXISTS caller_ids_by_carrier ON caller_ids (carrier, e164);

CREATE TABLE IF NOT EXISTS caller_id_labels (
    caller_id_e164 {text:16} NOT NULL,
    label {text:100} NOT NULL,
    CONSTRAINT caller_id_labels__label PRIMARY KEY (caller_id_e164, label)
);

CREATE INDEX IF NOT EXISTS caller_id_labels_by_label ON caller_id_labels (label, caller_id_e164)
