CREATE TABLE IF NOT EXISTS report_schedules (
    id {id} NOT NULL PRIMARY KEY,
    name {text:100} NOT NULL,
    report {text:100} NOT NULL,
    options {json} NOT NULL,
    period {text:20} NOT NULL,
    format {text:20} NOT NULL,
    cadence {json} NOT NULL,
    at_time {text:5} NOT NULL,
    time_zone {text:100} NOT NULL,
    active {bool} NOT NULL,
    planned_until {instant} NOT NULL,
    CONSTRAINT report_schedules__name UNIQUE (name)
);

CREATE TABLE IF NOT EXISTS report_schedule_recipients (
    schedule_id {id} NOT NULL,
    recipient_id {id} NOT NULL,
    place {int} NOT NULL,
    CONSTRAINT report_schedule_recipients__recipients PRIMARY KEY (schedule_id, recipient_id),
    CONSTRAINT report_schedule_recipients_to_schedules FOREIGN KEY (schedule_id) REFERENCES report_schedules (id) ON DELETE CASCADE,
    CONSTRAINT report_schedule_recipients_to_recipients FOREIGN KEY (recipient_id) REFERENCES recipients (id)
)
