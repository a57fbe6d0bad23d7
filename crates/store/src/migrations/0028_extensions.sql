CREATE TABLE IF NOT EXISTS extensions (
    id {id} NOT NULL PRIMARY KEY,
    number {text:10} NOT NULL,
    name {text:100} NOT NULL,
    server_id {id},
    transport {text:20} NOT NULL,
    codecs {json} NOT NULL,
    context {text:40} NOT NULL,
    mailbox {text:40},
    nat {bool} NOT NULL,
    qualify_seconds BIGINT NOT NULL,
    active {bool} NOT NULL,
    digest_md5 {text:32} NOT NULL,
    digest_sha256 {text:64} NOT NULL,
    CONSTRAINT extensions__number UNIQUE (number),
    CONSTRAINT extensions_to_servers FOREIGN KEY (server_id) REFERENCES servers (id)
);

CREATE INDEX IF NOT EXISTS extensions_by_server ON extensions (server_id)
