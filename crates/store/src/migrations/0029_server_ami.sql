ALTER TABLE servers ADD COLUMN {IF NOT EXISTS} ami_address {text:300};

ALTER TABLE servers ADD COLUMN {IF NOT EXISTS} ami_user {text:64};

ALTER TABLE servers ADD COLUMN {IF NOT EXISTS} ami_tls {bool};

ALTER TABLE servers ADD COLUMN {IF NOT EXISTS} sealed_ami_secret {text:4000}