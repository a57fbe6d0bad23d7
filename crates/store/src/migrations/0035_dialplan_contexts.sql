CREATE TABLE IF NOT EXISTS dialplan_contexts (
    id {id} NOT NULL PRIMARY KEY,
    name {text:40} NOT NULL,
    slot BIGINT NOT NULL,
    note {text:500} NOT NULL,
    rules {json} NOT NULL,
    CONSTRAINT dialplan_contexts__name UNIQUE (name),
    CONSTRAINT dialplan_contexts__slot UNIQUE (slot)
)
