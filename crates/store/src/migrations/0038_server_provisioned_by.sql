ALTER TABLE servers ADD COLUMN {IF NOT EXISTS} provisioned_by {text:20}
