//! A call for help: no interface gives it a number of ours, and each says so in the log.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use tracing_subscriber::fmt::MakeWriter;

use crate::{agi, harness::Server};

const LOGGED: &str = "a call for help keeps its caller ID";

/// What was logged on this thread, which is the only one that these tests have.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// How often this was said since the last time.
    fn count(&self, said: &str) -> usize {
        let text = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8_lossy(&text).matches(said).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn over_http_it_keeps_its_caller_id_and_is_logged() {
    let (log, _listening) = Log::listen();
    let server = Server::start().await;
    let root = server.administrator().await;
    let added = "/add-number?caller_id=2125550100";
    let added = root.send(reqwest::Method::POST, added, None).await;
    assert_eq!(added.status, 200, "{added:?}");
    let plain = root.clone().with("accept", "text/plain");
    for number in ["911", "112", "999", "9-1-1"] {
        let ask = format!("to={number}&campaign=sales&agent=a");
        let json = root.get(&format!("/next-cid?{ask}")).await;
        let verdict = (400, "emergency_number".to_owned(), "to".to_owned());
        assert_eq!(json.verdict(), verdict, "{number}: {json:?}");
        assert_eq!(log.count(LOGGED), 1, "{number}");

        for (client, path) in [(&plain, "/next-cid"), (&root, "/next-cid.txt")] {
            let text = client.get(&format!("{path}?{ask}")).await;
            assert_eq!((text.status.as_u16(), &*text.body), (400, ""), "{path}");
            assert_eq!(text.headers["x-cordboard-reason"], "emergency_number");
            assert_eq!(log.count(LOGGED), 1, "{number} at {path}");
        }
        let empty = format!("/next-cid.txt?{ask}&when_none=empty");
        let empty = plain.get(&empty).await;
        assert_eq!((empty.status.as_u16(), &*empty.body), (200, ""));
        assert_eq!(log.count(LOGGED), 1, "{number} by when_none");

        let explain = format!("/v1/caller-ids/explain?to={number}");
        assert_eq!(root.get(&explain).await.verdict(), verdict, "{number}");
        assert_eq!(log.count(LOGGED), 1, "{number} explained");
    }
    let uses = root.get("/v1/caller-ids/uses").await;
    assert_eq!(uses.json()["items"], serde_json::json!([]));
}

#[tokio::test]
async fn over_fastagi_it_keeps_its_caller_id_and_is_logged() {
    let (log, _listening) = Log::listen();
    let centre = agi::Centre::start(&["3105550100"]).await;
    for number in ["911", "112", "999"] {
        let call = centre.run("next-cid", &["sales", "a", number], &[]).await;
        assert_eq!(call.get("CORDBOARD_STATUS"), "EMERGENCY", "{number}");
        assert_eq!(call.get("CALLERID(num)"), "", "{number}");
        assert_eq!(log.count(LOGGED), 1, "{number}");
    }
}
