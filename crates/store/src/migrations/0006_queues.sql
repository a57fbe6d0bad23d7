CREATE TABLE IF NOT EXISTS queues (
    id {id} NOT NULL PRIMARY KEY,
    name {text:100} NOT NULL,
    display_name {text:100} NOT NULL,
    strategy {text:20} NOT NULL,
    priority {int} NOT NULL,
    ring_seconds {int} NOT NULL,
    wrap_up_seconds {int} NOT NULL,
    no_answer_seconds {int},
    max_wait_seconds {int},
    max_size {int},
    no_agents {text:20} NOT NULL,
    overflow {json} NOT NULL,
    overflow_queue_id {id},
    answer_on {text:20} NOT NULL,
    music_class {text:100} NOT NULL,
    time_zone {text:100} NOT NULL,
    required_skills {json} NOT NULL,
    service_level_seconds {int} NOT NULL,
    active {bool} NOT NULL,
    CONSTRAINT queues__name UNIQUE (name),
    CONSTRAINT queues_to_overflow FOREIGN KEY (overflow_queue_id) REFERENCES queues (id)
);

CREATE INDEX IF NOT EXISTS queues_by_overflow ON queues (overflow_queue_id)
