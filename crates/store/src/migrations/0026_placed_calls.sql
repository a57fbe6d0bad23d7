ALTER TABLE calls ADD COLUMN {IF NOT EXISTS} campaign {text:100};

ALTER TABLE calls ADD COLUMN {IF NOT EXISTS} presented {text:64};

ALTER TABLE calls ADD COLUMN {IF NOT EXISTS} reservation_id {id};

ALTER TABLE servers ADD COLUMN {IF NOT EXISTS} dial_out {text:200}
