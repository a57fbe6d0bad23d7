//! `SIGKILL` while something is told: it is told all the same, and every receiver can tell a repetition by its id.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use store::Store;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use super::{Cordboard, LIMIT, id};

/// A web server that answers one request for each permit, and says which deliveries came.
struct Hook {
    url: String,
    came: Arc<Mutex<Vec<String>>>,
    permits: Arc<Semaphore>,
}

impl Hook {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (came, permits) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let hook = Self { url, came, permits };
        let (came, permits) = (hook.came.clone(), hook.permits.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, came.clone(), permits.clone()));
            }
        });
        hook
    }

    fn came(&self) -> Vec<String> {
        self.came.lock().unwrap().clone()
    }

    async fn wait(&self, count: usize) {
        let began = Instant::now();
        while self.came().len() < count {
            assert!(began.elapsed() < LIMIT, "{count}: {:?}", self.came());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn serve(
    mut stream: TcpStream,
    came: Arc<Mutex<Vec<String>>>,
    permits: Arc<Semaphore>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.ok()?;
        head.extend_from_slice(piece.get(..read).filter(|piece| !piece.is_empty())?);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let delivery = head.split("cordboard-delivery: ").nth(1)?;
    let delivery = delivery.split_whitespace().next()?.to_owned();
    came.lock().unwrap().push(delivery);
    permits.acquire().await.ok()?.forget();
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    stream.write_all(answer).await.ok()
}

async fn wait_sent(centre: &Cordboard, path: &str) -> Value {
    let began = Instant::now();
    loop {
        let delivery = centre.get(path).await;
        if delivery["state"] == "sent" {
            return delivery;
        }
        assert!(began.elapsed() < LIMIT, "{delivery}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_tells_what_it_had_planned() {
    let hook = Hook::start().await;
    // Nothing listens at port 1.
    let private = [("CORDBOARD__WEBHOOKS__ALLOW_PRIVATE", "true")];
    let mut centre = Cordboard::start_with("http://127.0.0.1:1/ari", "secret", &private);
    let target = json!({"kind": "webhook", "url": hook.url});
    let recipient = json!({"name": "CRM", "target": target});
    let recipient = id(&centre.post("/v1/recipients", recipient).await);
    let test = format!("/v1/recipients/{recipient}/test");

    // Killed while the receiver thinks.
    let thinking = id(&centre.post(&test, json!({})).await);
    hook.wait(1).await;
    centre.kill();
    centre.spawn_again();
    hook.wait(2).await;
    assert_eq!(hook.came(), [thinking.clone(), thinking.clone()]);
    // The request of the dead one takes a permit, too.
    hook.permits.add_permits(2);
    let path = format!("/v1/deliveries/{thinking}");
    let delivery = wait_sent(&centre, &path).await;
    assert_eq!(delivery["attempts"], 2, "{delivery}");

    // Killed as soon as it is planned, five times.
    hook.permits.add_permits(1_000);
    let mut planned = BTreeSet::new();
    for _ in 0..5 {
        planned.insert(id(&centre.post(&test, json!({})).await));
        centre.kill();
        centre.spawn_again();
    }
    for delivery in &planned {
        let path = format!("/v1/deliveries/{delivery}");
        wait_sent(&centre, &path).await;
    }
    let came: BTreeSet<_> = hook.came()[2..].iter().cloned().collect();
    assert_eq!(came, planned);
    assert!(hook.came().len() <= 2 + 2 * planned.len());
}

/// Has the planner believe that nothing was planned of any schedule for two days; the server must not be running.
async fn forget_planning(centre: &Cordboard) {
    let file = centre.data().join("cordboard.db");
    let url = format!("sqlite:{}", file.display());
    let store = Store::open(&url).await.unwrap();
    let schedules = store.report_schedules();
    for mut kept in schedules.list(None, 100).await.unwrap() {
        kept.planned_until = kept.planned_until.before(Duration::from_hours(48));
        schedules.update(&kept).await.unwrap();
    }
    store.close().await;
}

/// What was planned of a schedule, and that it was planned once.
async fn only_delivery(centre: &Cordboard, schedule: &str) -> Value {
    let path = format!("/v1/report-schedules/{schedule}/deliveries");
    let log = centre.get(&path).await;
    let items = log["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{log}");
    items[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_tells_a_report_of_the_calendar_once() {
    let hook = Hook::start().await;
    let private = [("CORDBOARD__WEBHOOKS__ALLOW_PRIVATE", "true")];
    let mut centre = Cordboard::start_with("http://127.0.0.1:1/ari", "secret", &private);
    let target = json!({"kind": "webhook", "url": hook.url});
    let recipient = json!({"name": "CRM", "target": target});
    let recipient = id(&centre.post("/v1/recipients", recipient).await);
    let schedule = |name: &str| {
        json!({"name": name, "report": "queue", "period": "yesterday", "format": "json", "cadence": {"every": "day"},
            "at": "07:30", "recipients": [recipient]})
    };
    let daily = id(&centre.post("/v1/report-schedules", schedule("Daily")).await);

    // Killed while the receiver thinks.
    centre.kill();
    forget_planning(&centre).await;
    centre.spawn_again();
    hook.wait(1).await;
    let planned = only_delivery(&centre, &daily).await;
    assert_eq!(planned["late"], true, "{planned}");
    centre.kill();
    centre.spawn_again();
    hook.wait(2).await;
    let delivery = planned["id"].as_str().unwrap();
    assert_eq!(hook.came(), [delivery, delivery]);
    // The request of the dead one takes a permit, too.
    hook.permits.add_permits(2);
    let sent = wait_sent(&centre, &format!("/v1/deliveries/{delivery}")).await;
    assert_eq!(sent["attempts"], 2, "{sent}");

    // Killed while reports are being planned, made and sent, ever later.
    hook.permits.add_permits(1_000);
    let mut schedules = Vec::new();
    for name in ["A", "B", "C", "D", "E"] {
        let made = centre.post("/v1/report-schedules", schedule(name)).await;
        schedules.push(id(&made));
    }
    centre.kill();
    forget_planning(&centre).await;
    for pause in [0, 2, 5, 10, 20] {
        centre.spawn_again();
        tokio::time::sleep(Duration::from_millis(pause)).await;
        centre.kill();
    }
    centre.spawn_again();
    let mut told = BTreeSet::from([delivery.to_owned()]);
    for schedule in &schedules {
        let delivery = wait_planned(&centre, schedule).await;
        wait_sent(&centre, &format!("/v1/deliveries/{delivery}")).await;
        told.insert(delivery);
    }
    only_delivery(&centre, &daily).await;
    let came: BTreeSet<_> = hook.came().into_iter().collect();
    assert_eq!(came, told);
}

/// The id of the only delivery of a schedule, once there is one.
async fn wait_planned(centre: &Cordboard, schedule: &str) -> String {
    let path = format!("/v1/report-schedules/{schedule}/deliveries");
    let began = Instant::now();
    while centre.get(&path).await["items"] == json!([]) {
        assert!(began.elapsed() < LIMIT, "{schedule}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let planned = only_delivery(centre, schedule).await;
    planned["id"].as_str().unwrap().to_owned()
}
