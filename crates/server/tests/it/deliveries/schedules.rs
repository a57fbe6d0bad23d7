//! Reports that are sent by the calendar: once for each due time, whole or saying what they lack.

use std::{path::Path, time::Duration};

use jiff::tz::TimeZone;
use model::{ReportScheduleId, Role};
use serde_json::{Value, json};
use server::{
    auth::AuthConfig,
    cdr::CdrSettings,
    config::{CdrSourceConfig, CdrSourceKind},
};
use store::KeptSchedule;

use super::{
    hooked, mailed,
    receivers::{Answer, Hook, MailServer, wait_for},
    server, settings, two_nodes, wait_error, wait_state,
};
use crate::harness::{Client, PASSWORD, Server};

fn schedule(recipients: &[&str]) -> Value {
    json!({"name": "Queues, daily", "report": "queue", "period": "yesterday", "format": "csv",
        "cadence": {"every": "day"}, "at": "07:30", "time_zone": "Europe/Bratislava", "recipients": recipients})
}

fn with(mut schedule: Value, changes: &Value) -> Value {
    let fields = schedule.as_object_mut().unwrap();
    fields.extend(changes.as_object().unwrap().clone());
    schedule
}

/// Sets the note of what was planned of a schedule back to some days ago, behind the server's back.
async fn forget_planning(file: &Path, name: &str, days: i64) {
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display()))
        .await
        .unwrap();
    sqlx::query("UPDATE report_schedules SET planned_until = planned_until - ? WHERE name = ?")
        .bind(days * 86_400_000_000)
        .bind(name)
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
}

async fn deliveries(root: &Client, path: &str) -> Vec<Value> {
    let log = root.get(&format!("{path}/deliveries")).await.json();
    log["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_report_is_sent_when_it_is_asked_for() {
    let (mail, hook) = (MailServer::start().await, Hook::start([]).await);
    let server = server(Some(&mail)).await;
    let root = server.administrator().await;
    server.queue("sales").await;
    let person = mailed(&root, "Ops", "ops@example.com").await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let supervisor = server.logged_in("sue", Role::Supervisor, None).await;
    let made = supervisor
        .post("/v1/report-schedules", &schedule(&[&person, &program]))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    assert!(made.json()["next_due_at"].is_string());
    let path = format!("/v1/report-schedules/{}", made.id());
    let ran = supervisor.post(&format!("{path}/run"), &json!({})).await;
    assert_eq!(ran.status, 202, "{ran:?}");
    let items = ran.json()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
    for item in &items {
        let path = format!("/v1/deliveries/{}", item["id"].as_str().unwrap());
        wait_state(&root, &path, "sent").await;
    }

    let got = mail.wait(1).await.remove(0);
    let yesterday = jiff::Timestamp::now()
        .in_tz("Europe/Bratislava")
        .unwrap()
        .date()
        .yesterday()
        .unwrap();
    assert_eq!(got.header("Subject"), format!("Queues, daily: {yesterday}"));
    assert!(got.data.contains("text/html"), "{}", got.data);
    let name = format!("filename=\"queue-{yesterday}.csv\"");
    assert!(got.data.contains(&name), "{}", got.data);
    assert!(!got.data.contains("late"), "{}", got.data);

    let request = hook.wait(1).await.remove(0);
    assert_eq!(request.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(request.header("cordboard-event"), "report");
    assert!(request.header("content-disposition").contains(".csv"));
    assert!(request.body.starts_with(b"queue,"), "{request:?}");
    let log = deliveries(&supervisor, &path).await;
    assert_eq!(log.len(), 2);
    assert!(
        log.iter()
            .all(|one| one["event"] == "report" && one["state"] == "sent")
    );

    // As JSON, a webhook has it among its own.
    let as_json = with(schedule(&[&program]), &json!({"format": "json"}));
    assert_eq!(supervisor.put(&path, &as_json).await.status, 200);
    supervisor.post(&format!("{path}/run"), &json!({})).await;
    let body = hook.wait(2).await[1].json();
    assert_eq!(body["schedule"]["name"], "Queues, daily");
    assert_eq!(body["report"]["id"], "queue");
    assert_eq!(body["late"], false);
}

#[tokio::test]
async fn after_a_long_stop_the_last_due_time_is_told_once_and_late() {
    let hook = Hook::start([]).await;
    let server = server(None).await;
    let root = server.administrator().await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let daily = with(schedule(&[&program]), &json!({"format": "json"}));
    let path = "/v1/report-schedules";
    let path = format!("{path}/{}", root.post(path, &daily).await.id());
    forget_planning(&server.database_file(), "Queues, daily", 5).await;
    // The planner is woken; the timetable is the same.
    assert_eq!(root.put(&path, &daily).await.status, 200);
    let body = hook.wait(1).await[0].json();
    assert_eq!(body["late"], true, "{body}");
    let due: jiff::Timestamp = body["due_at"].as_str().unwrap().parse().unwrap();
    let age = jiff::Timestamp::now().duration_since(due);
    assert!(age.as_secs() < 86_400 + 3_600, "the last one: {due}");
    let until = &body["report"]["period"]["until"];
    let until: jiff::Timestamp = until.as_str().unwrap().parse().unwrap();
    assert!(until < due);
    for _ in 0..3 {
        root.put(&path, &daily).await;
    }
    let log = deliveries(&root, &path).await;
    assert_eq!(log.len(), 1, "{log:?}");
}

#[tokio::test]
async fn rows_that_cannot_be_read_hold_up_no_others() {
    let hook = Hook::start([Answer::Status(500)]).await;
    let server = server(None).await;
    let root = server.administrator().await;
    let (broken, _) = hooked(&root, "broken", &hook).await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let path = "/v1/report-schedules";
    let unreadable = with(schedule(&[&broken]), &json!({"name": "A"}));
    root.post(path, &unreadable).await.id();
    let daily = schedule(&[&program]);
    let path = format!("{path}/{}", root.post(path, &daily).await.id());
    let url = format!("sqlite:{}", server.database_file().display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    // What waits for the one comes first, and so does the schedule.
    let waits = "INSERT INTO deliveries (id, source, event, recipient_id, recipient_name, due_at, late, content, state, attempts, \
                 next_attempt_at, created_at) SELECT id, 'x', 'news', id, '', 0, 0, '{}', 'waiting', 0, 0, 0 FROM recipients \
                 WHERE name = 'broken'";
    for change in [
        waits,
        "UPDATE report_schedules SET cadence = '{\"every\":\"moon\"}' WHERE name = 'A'",
    ] {
        sqlx::query(change).execute(&pool).await.unwrap();
    }
    pool.close().await;
    forget_planning(&server.database_file(), "Queues, daily", 2).await;
    assert_eq!(root.put(&path, &daily).await.status, 200);
    hook.wait(2).await;
    let log = deliveries(&root, &path).await;
    let id = log[0]["id"].as_str().unwrap();
    wait_state(&root, &format!("/v1/deliveries/{id}"), "sent").await;
}

#[tokio::test]
async fn another_timetable_is_due_from_when_it_was_set() {
    let hook = Hook::start([]).await;
    let server = server(None).await;
    let root = server.administrator().await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let daily = schedule(&[&program]);
    // By its name the last one that is planned: once it is, all have been looked at.
    let last = with(daily.clone(), &json!({"name": "Z"}));
    let last_id = root.post("/v1/report-schedules", &last).await.id();
    let last_path = format!("/v1/report-schedules/{last_id}");
    for (count, change) in (1_u32..).zip([
        json!({"at": "07:31"}),
        json!({"cadence": {"every": "weekday"}}),
        json!({"time_zone": "UTC"}),
        json!({"active": false}),
        json!({"active": true}),
    ]) {
        // Days were missed behind the planner's back.
        let (now, random) = server.app.clock.id();
        let id = ReportScheduleId::new(now, random);
        let was_active = change != json!({"active": true});
        let name = json!({"name": format!("A {count}"), "active": was_active});
        let before = with(daily.clone(), &name);
        let kept = with(before.clone(), &json!({"id": id, "options": {}}));
        let kept = KeptSchedule {
            schedule: serde_json::from_value(kept).unwrap(),
            planned_until: now.before(Duration::from_hours(9 * 24)),
        };
        let schedules = server.app.store.report_schedules();
        schedules.create(&kept).await.unwrap();
        let path = format!("/v1/report-schedules/{id}");
        let changed = root.put(&path, &with(before, &change)).await;
        assert_eq!(changed.status, 200, "{changed:?}");

        forget_planning(&server.database_file(), "Z", 2).await;
        assert_eq!(root.put(&last_path, &last).await.status, 200);
        let yesterday = now.before(Duration::from_hours(26));
        wait_for("the last schedule", async || {
            let kept = schedules.get(last_id.parse().unwrap()).await.unwrap();
            kept.filter(|kept| kept.planned_until > yesterday)
        })
        .await;
        let log = deliveries(&root, &path).await;
        assert!(log.is_empty(), "{change}: {log:?}");
    }
}

#[tokio::test]
async fn mail_has_the_report_in_the_format_that_was_asked_for() {
    let mail = MailServer::start().await;
    let server = server(Some(&mail)).await;
    let root = server.administrator().await;
    server.queue("sales").await;
    let person = mailed(&root, "Ops", "ops@example.com").await;
    let daily = schedule(&[&person]);
    let path = "/v1/report-schedules";
    let path = format!("{path}/{}", root.post(path, &daily).await.id());
    // As Base64: PK, PAR1.
    let formats = [
        ("xlsx", "spreadsheetml.sheet", "\r\n\r\nUEsDB"),
        ("parquet", "application/vnd.apache.parquet", "\r\n\r\nUEFSM"),
        ("json", "application/json", ""),
    ];
    for (count, (format, media_type, begins)) in (1..).zip(formats) {
        let changed = with(daily.clone(), &json!({"format": format}));
        assert_eq!(root.put(&path, &changed).await.status, 200);
        root.post(&format!("{path}/run"), &json!({})).await;
        let got = mail.wait(count).await.remove(count - 1);
        assert!(got.data.contains(&format!(".{format}\"")), "{}", got.data);
        assert!(got.data.contains(media_type), "{}", got.data);
        assert!(got.data.contains(begins), "{}", got.data);
    }
}

#[tokio::test]
async fn two_nodes_plan_a_due_time_once() {
    let hook = Hook::start([]).await;
    let (first, second) = two_nodes(None).await;
    let root = first.administrator().await;
    let other = second.anonymous().log_in("root", PASSWORD).await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let daily = schedule(&[&program]);
    let path = "/v1/report-schedules";
    let path = format!("{path}/{}", root.post(path, &daily).await.id());
    forget_planning(&first.database_file(), "Queues, daily", 2).await;
    let (one, two) = tokio::join!(root.put(&path, &daily), other.put(&path, &daily));
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (200, 200));
    hook.wait(1).await;
    let log = deliveries(&other, &path).await;
    assert_eq!(log.len(), 1, "{log:?}");
    let id = log[0]["id"].as_str().unwrap();
    wait_state(&other, &format!("/v1/deliveries/{id}"), "sent").await;
    assert_eq!(hook.got().len(), 1);
}

#[tokio::test]
async fn a_report_says_what_it_lacks() {
    let (mail, hook) = (MailServer::start().await, Hook::start([]).await);
    let deliveries = settings(Some(&mail));
    let server = Server::start_by(AuthConfig::default(), |folder, setup| {
        setup.deliveries = deliveries;
        setup.cdr = CdrSettings {
            sources: vec![CdrSourceConfig {
                name: "pbx".to_owned(),
                kind: CdrSourceKind::Csv,
                file: Some(folder.join("missing.csv")),
                ..CdrSourceConfig::default()
            }],
            ..CdrSettings::default()
        };
    })
    .await;
    let root = server.administrator().await;
    let person = mailed(&root, "Ops", "ops@example.com").await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let trunks = with(
        schedule(&[&person, &program]),
        &json!({"report": "trunk", "name": "Trunks"}),
    );
    let made = root.post("/v1/report-schedules", &trunks).await.id();
    root.post(&format!("/v1/report-schedules/{made}/run"), &json!({}))
        .await;
    let got = mail.wait(1).await.remove(0);
    assert!(
        got.header("Subject").ends_with("(incomplete)"),
        "{}",
        got.data
    );
    assert!(got.data.contains("Not all is known of pbx"), "{}", got.data);
    let request = hook.wait(1).await.remove(0);
    assert_eq!(request.header("cordboard-incomplete"), "pbx");
}

/// A record of yesterday and one of today.
fn records() -> String {
    let today = jiff::Timestamp::now().to_zoned(TimeZone::UTC).date();
    let yesterday = today.yesterday().unwrap();
    format!(
        "calldate,src,dst,channel,dstchannel,lastapp,duration,billsec,disposition,uniqueid\n\
         {yesterday} 10:00:00,101,0012025550147,PJSIP/101-1,PJSIP/trunk-2,Dial,40,30,ANSWERED,1.1\n\
         {today} 00:00:00,101,0012025550147,PJSIP/101-3,PJSIP/trunk-4,Dial,40,30,ANSWERED,2.1\n"
    )
}

#[tokio::test]
async fn a_passing_fault_of_the_database_spoils_no_report() {
    let hook = Hook::start([]).await;
    let deliveries = server::deliveries::Settings {
        first_pause: Duration::from_millis(300),
        ..settings(None)
    };
    let server = Server::start_by(AuthConfig::default(), |folder, setup| {
        setup.deliveries = deliveries;
        let file = folder.join("Master.csv");
        std::fs::write(&file, records()).unwrap();
        setup.cdr = CdrSettings {
            sources: vec![CdrSourceConfig {
                name: "pbx".to_owned(),
                kind: CdrSourceKind::Csv,
                file: Some(file),
                ..CdrSourceConfig::default()
            }],
            ..CdrSettings::default()
        };
    })
    .await;
    let root = server.administrator().await;
    root.get("/v1/reports/trunk?date=month").await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let trunks = with(
        schedule(&[&program]),
        &json!({"report": "trunk", "time_zone": "UTC"}),
    );
    let made = root.post("/v1/report-schedules", &trunks).await.id();
    let url = format!("sqlite:{}", server.database_file().display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let rename = async |from: &str, to: &str| {
        let text = format!("ALTER TABLE {from} RENAME TO {to}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(text))
            .execute(&pool)
            .await
            .unwrap();
    };
    rename("cdr_packs", "away").await;
    let ran = root
        .post(&format!("/v1/report-schedules/{made}/run"), &json!({}))
        .await
        .json();
    let path = format!("/v1/deliveries/{}", ran["items"][0]["id"].as_str().unwrap());
    let tried = wait_error(&root, &path, "cannot be made").await;
    assert_eq!(tried["state"], "waiting", "{tried}");
    rename("away", "cdr_packs").await;
    pool.close().await;
    wait_state(&root, &path, "sent").await;
    let body = String::from_utf8(hook.wait(1).await.remove(0).body).unwrap();
    assert!(body.contains("PJSIP/trunk,"), "{body}");
}

#[tokio::test]
async fn a_schedule_goes_with_what_waits_and_keeps_its_recipients() {
    let hook = Hook::start([Answer::Status(500)].into_iter().cycle().take(99)).await;
    let slow = server::deliveries::Settings {
        first_pause: Duration::from_hours(1),
        ..settings(None)
    };
    let server = Server::start_by(AuthConfig::default(), |_, setup| {
        setup.deliveries = slow;
    })
    .await;
    let root = server.administrator().await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let made = root
        .post("/v1/report-schedules", &schedule(&[&program]))
        .await
        .id();
    let path = format!("/v1/report-schedules/{made}");
    let ran = root.post(&format!("{path}/run"), &json!({})).await.json();
    let delivery = format!("/v1/deliveries/{}", ran["items"][0]["id"].as_str().unwrap());
    wait_error(&root, &delivery, "500").await;
    let told = root.delete(&format!("/v1/recipients/{program}")).await;
    assert_eq!(told.verdict().1, "in_use", "{told:?}");
    assert_eq!(root.delete(&path).await.status, 204);
    let failed = wait_state(&root, &delivery, "failed").await;
    assert_eq!(failed["error"], "the schedule was removed");
    assert_eq!(root.get(&path).await.status, 404);
    assert_eq!(
        root.post(&format!("{path}/run"), &json!({})).await.status,
        404
    );
    let gone = root.delete(&format!("/v1/recipients/{program}")).await;
    assert_eq!(gone.status, 204);
}

#[tokio::test]
async fn what_cannot_be_a_schedule_is_refused_by_its_field() {
    let hook = Hook::start([]).await;
    let server = server(None).await;
    let root = server.administrator().await;
    let (program, _) = hooked(&root, "CRM", &hook).await;
    let nobody = "01890000-0000-7000-8000-000000000000";
    let many: Vec<String> = (0..10_000)
        .map(|number| format!("01890000-0000-7000-8000-{number:012}"))
        .collect();
    for (change, field) in [
        (json!({"at": "25:61"}), "at"),
        (json!({"at": "7:30"}), "at"),
        (json!({"at": "24:00"}), "at"),
        (json!({"at": ""}), "at"),
        (json!({"at": 730}), "at"),
        (json!({"time_zone": "Mars/Olympus"}), "time_zone"),
        (json!({"time_zone": "../../etc/passwd"}), "time_zone"),
        (json!({"time_zone": ""}), "time_zone"),
        (json!({"report": "weather"}), "report"),
        (json!({"report": ""}), "report"),
        (json!({"name": "Daily\r\nBcc: eve@example.com"}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"period": "tomorrow"}), "period"),
        (json!({"period": "today", "at": "00:00"}), "period"),
        (json!({"format": "pdf"}), "format"),
        (
            json!({"cadence": {"every": "month", "on": 32}}),
            "cadence.on",
        ),
        (
            json!({"cadence": {"every": "month", "on": 0}}),
            "cadence.on",
        ),
        (
            json!({"cadence": {"every": "week", "on": "someday"}}),
            "cadence",
        ),
        (json!({"cadence": {"every": "day", "on": 1}}), "cadence.on"),
        (json!({"cadence": "daily"}), "cadence"),
        (json!({"recipients": []}), "recipients"),
        (json!({"recipients": [program, program]}), "recipients"),
        (json!({"recipients": [nobody]}), "recipients"),
        (json!({"recipients": many}), "recipients"),
        (json!({"recipients": ["ops@example.com"]}), "recipients[0]"),
        (json!({"options": {"interval": "7"}}), "options.interval"),
        (
            json!({"options": {"interval": "5"}, "period": "last_month", "report": "heat_map"}),
            "options.interval",
        ),
        (json!({"options": {"from": "2026-01-01"}}), "options.from"),
        (
            json!({"options": {"short_call_seconds": 86_401}}),
            "options.short_call_seconds",
        ),
        (
            json!({"options": {"only": "x".repeat(201)}}),
            "options.only",
        ),
        (json!({"also": 1}), "also"),
    ] {
        let new = with(schedule(&[&program]), &change);
        let refused = root.post("/v1/report-schedules", &new).await;
        let verdict = refused.verdict();
        assert_eq!((verdict.0, verdict.2.as_str()), (400, field), "{refused:?}");
    }
    let listed = root.get("/v1/report-schedules").await.json();
    assert_eq!(listed["items"], json!([]));
    let agent = server.agent("Agnes", "101").await;
    let agnes = server.logged_in("agnes", Role::Agent, Some(agent)).await;
    let forbidden = agnes
        .post("/v1/report-schedules", &schedule(&[&program]))
        .await;
    assert_eq!(forbidden.status, 403);
}
