CREATE TABLE IF NOT EXISTS trunks (
    id {id} NOT NULL PRIMARY KEY,
    name {text:40} NOT NULL,
    server_id {id},
    host {text:253} NOT NULL,
    port BIGINT NOT NULL,
    transport {text:20} NOT NULL,
    username {text:40},
    registers {bool} NOT NULL,
    addresses {json} NOT NULL,
    context {text:40} NOT NULL,
    codecs {json} NOT NULL,
    from_domain {text:253},
    qualify_seconds BIGINT NOT NULL,
    active {bool} NOT NULL,
    sealed_secret {text:4000},
    CONSTRAINT trunks__name UNIQUE (name),
    CONSTRAINT trunks_to_servers FOREIGN KEY (server_id) REFERENCES servers (id)
);

CREATE INDEX IF NOT EXISTS trunks_by_server ON trunks (server_id)
