//! A call as the log, the live page and the agents' eyes see it. The caller and the phones are played by the test.

mod parking;

use std::time::Duration;

use engine::acd::Input;
use model::{AgentId, CallId, Caller, EventBody, OfferId, QueueId, Role, ServerId};
use serde_json::{Value, json};

use crate::harness::{Client, Server, shape};

/// Long enough for a busy machine, short enough for a failing test.
const PATIENCE: Duration = Duration::from_secs(15);

struct Centre {
    server: Server,
    root: Client,
    agnes: (Client, AgentId),
    bert: (Client, AgentId),
    queue: QueueId,
}

/// Agnes serves the queue; Bert is an agent of another.
async fn centre() -> Centre {
    let server = Server::start().await;
    let root = server.administrator().await;
    let (own, other) = (
        server.agent("Agnes", "101").await,
        server.agent("Bert", "102").await,
    );
    let agnes = server.logged_in("agnes", Role::Agent, Some(own)).await;
    let bert = server.logged_in("bert", Role::Agent, Some(other)).await;
    let queue = server.queue("sales").await;
    let member = format!("/v1/queues/{queue}/members/{own}");
    assert_eq!(root.put(&member, &json!({})).await.status, 200);
    Centre {
        server,
        root,
        agnes: (agnes, own),
        bert: (bert, other),
        queue,
    }
}

impl Centre {
    async fn tell(&self, input: Input) {
        self.server.app.acd.tell(input).await;
    }

    async fn caller_arrives(&self) -> CallId {
        let (at, random) = self.server.app.clock.id();
        let call = CallId::new(at, random);
        self.tell(Input::CallArrived {
            call,
            server: ServerId::new(at, random),
            channel: "1700000000.1".to_owned(),
            caller: Caller::new("+15550101", "Carol"),
            dialled: "5550100".to_owned(),
            argument: Some("sales".to_owned()),
            priority: 0,
            returned: None,
        })
        .await;
        call
    }

    /// Agnes becomes available and picks up what rings.
    async fn agnes_answers(&self) -> OfferId {
        let mut events = self.server.app.stream.subscribe(None);
        let path = format!("/v1/agents/{}/state", self.agnes.1);
        let status = self
            .agnes
            .0
            .put(&path, &json!({"state": "available"}))
            .await;
        assert_eq!(status.status, 200, "{status:?}");
        let offered = async {
            loop {
                let event = events.next().await.unwrap().unwrap();
                if let EventBody::CallOffered { offer, .. } = &event.body {
                    return *offer;
                }
            }
        };
        let offer = tokio::time::timeout(PATIENCE, offered).await.unwrap();
        self.tell(Input::OfferAnswered { offer }).await;
        self.tell(Input::Connected { offer }).await;
        offer
    }

    /// Waits until the database has all that happened.
    async fn written(&self) {
        let seq = self.server.app.acd.live().await.unwrap().seq;
        let caught_up = async {
            let events = self.server.app.store.events();
            while events.last_seq().await.unwrap() < seq {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, caught_up).await.unwrap();
    }
}

async fn calls_of(client: &Client) -> Vec<Value> {
    let live = client.get("/v1/live").await.json();
    live["calls"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_waiting_caller_is_seen_by_those_who_may() {
    let centre = centre().await;
    let call = centre.caller_arrives().await;
    assert_eq!(
        calls_of(&centre.root).await[0]["caller"]["number"],
        "+15550101"
    );
    let masked = calls_of(&centre.agnes.0).await;
    assert_eq!(
        masked[0]["caller"],
        json!({"number": "•••••••01", "e164": null, "name": ""})
    );
    assert_eq!(calls_of(&centre.bert.0).await, Vec::<Value>::new());
    let path = format!("/v1/calls/{call}");
    // Known to the engine before the database has it.
    assert_eq!(centre.root.get(&path).await.status, 200);
    centre.written().await;
    assert_eq!(centre.agnes.0.get(&path).await.json()["caller"]["name"], "");
    assert_eq!(centre.bert.0.get(&path).await.verdict().1, "not_found");
    let waits = centre.root.get(&format!("{path}/explanation")).await.json();
    assert_eq!(waits["offers"], json!([]));
    assert!(
        waits["now"]["summary"].as_str().unwrap().contains("sales"),
        "{waits}"
    );
    assert_eq!(waits["now"]["members"][0]["eligible"], false);
}

#[tokio::test]
async fn a_call_from_arrival_to_its_row_in_the_log() {
    let centre = centre().await;
    let call = centre.caller_arrives().await;
    centre.agnes_answers().await;
    let own = calls_of(&centre.agnes.0).await;
    assert_eq!(own[0]["state"], "talking");
    assert_eq!(
        own[0]["caller"]["number"], "+15550101",
        "it is the agent's own now"
    );
    assert_eq!(calls_of(&centre.bert.0).await, Vec::<Value>::new());

    centre.written().await;
    let hang_up = format!("/v1/calls/{call}/hangup");
    assert_eq!(
        centre.bert.0.post(&hang_up, &json!({})).await.verdict().1,
        "not_found"
    );
    assert_eq!(centre.agnes.0.post(&hang_up, &json!({})).await.status, 202);
    centre
        .tell(Input::CallerHungUp {
            call,
            cause: Some(16),
        })
        .await;
    centre.written().await;
    assert_eq!(
        centre.root.post(&hang_up, &json!({})).await.verdict().1,
        "call_ended"
    );

    let path = format!("/v1/calls/{call}");
    let log = centre.agnes.0.get("/v1/calls").await.json();
    assert_eq!(log["items"][0], centre.root.get(&path).await.json());
    let mut row = shape(&log["items"][0]);
    assert!(row["wait_ms"].take().is_u64() && row["talk_ms"].take().is_u64());
    insta::assert_json_snapshot!("call", row);
    assert_eq!(
        centre.bert.0.get("/v1/calls").await.json()["items"],
        json!([])
    );

    let story = centre
        .root
        .get(&format!("{path}/events?limit=3"))
        .await
        .json();
    let kinds = |story: &Value| -> Vec<String> {
        let items = story["items"].as_array().unwrap().iter();
        items
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(kinds(&story)[..2], ["call_arrived", "call_queued"]);
    let rest = format!("{path}/events?cursor={}", story["next"].as_str().unwrap());
    let rest = kinds(&centre.root.get(&rest).await.json());
    assert!(rest.contains(&"call_answered".to_owned()) && rest.contains(&"call_ended".to_owned()));
    let why = centre
        .agnes
        .0
        .get(&format!("{path}/explanation"))
        .await
        .json();
    assert_eq!(why["now"], Value::Null);
    assert_eq!(why["offers"][0]["result"], "answered");
    assert_eq!(why["offers"][0]["choice"]["eligible"], 1);
}

#[tokio::test]
async fn the_log_is_filtered_and_paged() {
    let centre = centre().await;
    let mut newest_first = Vec::new();
    for _ in 0..5 {
        let call = centre.caller_arrives().await;
        centre
            .tell(Input::CallerHungUp {
                call,
                cause: Some(16),
            })
            .await;
        newest_first.insert(0, json!(call));
    }
    centre.written().await;
    let page = async |query: String| centre.root.get(&format!("/v1/calls?{query}")).await.json();
    let ids = |page: &Value| -> Vec<Value> {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|call| call["id"].clone()).collect()
    };
    let first = page("limit=3".to_owned()).await;
    let next = first["next"].as_str().unwrap();
    let second = page(format!("limit=3&cursor={next}")).await;
    assert_eq!([ids(&first), ids(&second)].concat(), newest_first);
    assert_eq!(second["next"], Value::Null);
    let queue = centre.queue;
    assert_eq!(
        ids(&page(format!("queue={queue}&outcome=abandoned")).await).len(),
        5
    );
    assert_eq!(ids(&page("outcome=answered".to_owned()).await).len(), 0);
    assert_eq!(
        ids(&page("to=2001-01-01T00:00:00Z".to_owned()).await).len(),
        0
    );
    assert_eq!(
        ids(&page("from=2001-01-01T00:00:00Z".to_owned()).await).len(),
        5
    );
}

#[tokio::test]
async fn the_log_is_a_file_with_names_and_an_agent_gets_the_own_calls_only() {
    let centre = centre().await;
    let answered = centre.caller_arrives().await;
    centre.agnes_answers().await;
    let abandoned = centre.caller_arrives().await;
    for call in [answered, abandoned] {
        let cause = Some(16);
        centre.tell(Input::CallerHungUp { call, cause }).await;
    }
    centre.written().await;
    let path = "/v1/calls?from=2001-01-01T00:00:00Z";
    let file = async |who: &Client, query: &str| who.get(&format!("{path}{query}")).await;
    let all = file(&centre.root, "&format=csv").await;
    assert_eq!(
        all.headers["content-disposition"],
        "attachment; filename=\"calls.csv\""
    );
    let lines: Vec<&str> = all.body.lines().collect();
    assert!(lines[0].starts_with("arrived_at,answered_at,"), "{lines:?}");
    // Newest first; a number is text, and nothing that a spreadsheet adds up or runs.
    assert!(
        lines[1].contains(",'+15550101,") && lines[1].contains(",Carol,5550100,sales,,abandoned,")
    );
    assert!(
        lines[2].contains(",Carol,5550100,sales,Agnes,"),
        "{lines:?}"
    );
    assert_eq!(lines.len(), 3);
    let one = file(&centre.root, "&outcome=abandoned&format=csv").await;
    assert_eq!(one.body.lines().count(), 2, "{one:?}");
    let own = file(&centre.agnes.0, "&format=csv").await;
    assert_eq!(own.body.lines().count(), 2, "{own:?}");
    assert!(own.body.contains(&answered.to_string()));
    let none = file(&centre.bert.0, "&format=csv").await;
    assert_eq!(none.body.lines().count(), 1, "{none:?}");
    // Who is no agent of ours has no calls, and gets what was asked for all the same.
    let guest = centre.server.logged_in("guest", Role::Agent, None).await;
    let nothing = file(&guest, "&format=csv").await;
    assert_eq!(nothing.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(nothing.body.lines().count(), 1, "{nothing:?}");
    let nothing = file(&guest, "").await.json();
    assert_eq!(nothing, json!({"items": [], "next": null}));
    let sheet = file(&centre.root, "&format=xlsx").await;
    assert!(sheet.body.starts_with("PK"), "{sheet:?}");
    let refused = file(&centre.root, "&format=pdf").await;
    let expected = (400, "invalid_field".to_owned(), "format".to_owned());
    assert_eq!(refused.verdict(), expected);
}

#[tokio::test]
async fn what_may_be_done_to_a_call_and_by_whom() {
    let centre = centre().await;
    let call = centre.caller_arrives().await;
    let path = |rest: &str| format!("/v1/calls/{call}/{rest}");
    let code = async |client: &Client, rest: &str| {
        let answer = client.post(&path(rest), &json!({})).await;
        answer.verdict().1
    };
    assert_eq!(code(&centre.root, "hold").await, "not_talking");
    centre.agnes_answers().await;

    // Bert does not see it, and once he serves the queue he sees it and may do nothing to it.
    assert_eq!(code(&centre.bert.0, "hold").await, "not_found");
    let member = format!("/v1/queues/{}/members/{}", centre.queue, centre.bert.1);
    assert_eq!(centre.root.put(&member, &json!({})).await.status, 200);
    let bert = centre.server.logged_in("bert2", Role::Agent, None).await;
    assert_eq!(code(&bert, "hold").await, "not_found");
    for verb in ["hold", "unhold", "mute", "record", "stop_recording"] {
        assert_eq!(code(&centre.bert.0, verb).await, "forbidden", "{verb}");
    }
    let keys = json!({"digits": "1"});
    let keys = centre.bert.0.post(&path("digits"), &keys).await;
    assert_eq!(keys.verdict().1, "forbidden");

    // What is so already needs no Asterisk.
    let agnes = &centre.agnes.0;
    let unheld = agnes.post(&path("unhold"), &json!({})).await;
    assert_eq!(unheld.json()["id"], call.to_string());
    assert_eq!(code(agnes, "pause_recording").await, "control_refused");
    let nonsense = agnes.post(&path("dance"), &json!({})).await;
    assert_eq!(nonsense.verdict().2, "action");
    for digits in ["", "1 2", "1\r\nAction: Originate", "w", &"1".repeat(33)] {
        let answer = agnes
            .post(&path("digits"), &json!({"digits": digits}))
            .await;
        let expected = (400, "invalid_field".to_owned(), "digits".to_owned());
        assert_eq!(answer.verdict(), expected, "{digits:?}");
    }
}

#[tokio::test]
async fn supervisors_watch_and_agents_do_not() {
    let centre = centre().await;
    let call = centre.caller_arrives().await;
    let path = format!("/v1/calls/{call}/watch");
    let ask = async |client: &Client, agent: Option<AgentId>| {
        let body = json!({"mode": "listen", "agent": agent});
        client.put(&path, &body).await.verdict()
    };
    let code = |verdict: (u16, String, String)| verdict.1;
    let bert = Some(centre.bert.1);
    assert_eq!(code(ask(&centre.root, bert).await), "not_talking");
    centre.agnes_answers().await;
    assert_eq!(code(ask(&centre.agnes.0, bert).await), "forbidden");
    assert_eq!(ask(&centre.root, None).await.2, "agent");
    let own = Some(centre.agnes.1);
    assert_eq!(code(ask(&centre.root, own).await), "control_refused");
    let nobody = Some(AgentId(call.0));
    assert_eq!(code(ask(&centre.root, nobody).await), "not_found");
    let berts = format!("{path}?agent={}", centre.bert.1);
    let none = centre.root.delete(&berts).await;
    assert_eq!(none.verdict().1, "control_refused");
    assert_eq!(centre.agnes.0.get(&path).await.verdict().1, "forbidden");

    // Bert's phone is rung: nobody offers him a call meanwhile, and Agnes is told nothing of it.
    let member = format!("/v1/queues/{}/members/{}", centre.queue, centre.bert.1);
    assert_eq!(centre.root.put(&member, &json!({})).await.status, 200);
    let before = centre.server.app.acd.live().await.unwrap().seq;
    let rings = json!({"mode": "whisper", "agent": bert});
    let rings = centre.root.put(&path, &rings).await.json();
    assert_eq!(
        (&rings["state"], &rings["mode"]),
        (&json!("ringing"), &json!("whisper"))
    );
    let watches = centre.root.get(&path).await.json();
    assert_eq!(watches, json!([rings]));
    let live = centre.server.app.acd.live().await.unwrap();
    let busy = live.agents.iter().find(|one| Some(one.agent.id) == bert);
    assert_eq!(busy.unwrap().status.state, model::AgentState::Busy);
    centre.written().await;
    let events = centre.server.app.store.events();
    let events = events.after(before, 10).await.unwrap();
    let kinds = events.iter().map(|event| match event.body {
        EventBody::CallWatched { .. } => "watched",
        EventBody::AgentChanged { .. } => "changed",
        _ => "other",
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["watched", "changed"]);
    let told = format!("/v1/calls/{call}/events");
    let told = centre.agnes.0.get(&told).await;
    assert!(!told.body.contains("call_watched"), "{told:?}");
    let told = centre.root.get(&format!("/v1/calls/{call}/events")).await;
    assert!(told.body.contains("call_watched"));
}
