CREATE TABLE IF NOT EXISTS servers (
    id {id} NOT NULL PRIMARY KEY,
    name {text:100} NOT NULL,
    ari_url {text:300} NOT NULL,
    ari_user {text:64} NOT NULL,
    application {text:100} NOT NULL,
    active {bool} NOT NULL,
    sealed_secret {text:4000} NOT NULL,
    CONSTRAINT servers__name UNIQUE (name)
)
