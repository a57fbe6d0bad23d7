ALTER TABLE calls ADD COLUMN {IF NOT EXISTS} control {json}
