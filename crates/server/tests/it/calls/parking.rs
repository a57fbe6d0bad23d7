//! Parked calls, and calls that are asked for, as the interface shows and refuses them.

use engine::acd::{Input, OfferFailure, Parking};
use model::{CallId, Control, EventBody, OfferId};
use serde_json::{Value, json};

use super::{Centre, PATIENCE, centre};
use crate::harness::Answer;

impl Centre {
    /// Agnes has a caller and parks them; the customer's channel is played by the test.
    async fn parked(&self) -> CallId {
        let call = self.caller_arrives().await;
        self.agnes_answers().await;
        let parking = Box::new(Parking {
            slot: 701,
            time: std::time::Duration::from_mins(2),
            by: "agnes".to_owned(),
            control: Control::default(),
        });
        self.tell(Input::CallParked { call, parking }).await;
        call
    }

    /// Asks for a call as Agnes; her phone does this.
    async fn asks(&self, path: &str, phone: impl Fn(OfferId) -> Vec<Input>) -> Answer {
        let mut events = self.server.app.stream.subscribe(None);
        let nothing = json!({});
        let asked = self.agnes.0.post(path, &nothing);
        let rings = async {
            loop {
                let event = events.next().await.unwrap().unwrap();
                if let EventBody::CallOffered { offer, .. } = event.body {
                    for input in phone(offer) {
                        self.tell(input).await;
                    }
                    return;
                }
            }
        };
        let both = async { tokio::join!(asked, rings) };
        tokio::time::timeout(PATIENCE, both).await.unwrap().0
    }

    async fn slots(&self) -> [Vec<Value>; 3] {
        let mut lists = Vec::new();
        for client in [&self.root, &self.agnes.0, &self.bert.0] {
            let list = client.get("/v1/parked-calls").await.json();
            lists.push(list.as_array().unwrap().clone());
        }
        lists.try_into().unwrap()
    }
}

fn code(answer: &Answer) -> (u16, String) {
    let code = answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (answer.status.as_u16(), code)
}

#[tokio::test]
async fn a_parked_call_is_fetched_by_those_who_see_it() {
    let centre = centre().await;
    let call = centre.parked().await;
    centre.written().await;
    let [root, agnes, bert] = centre.slots().await;
    assert_eq!((root.len(), agnes.len(), bert.len()), (1, 1, 0));
    assert_eq!(root[0]["slot"], 701);
    assert_eq!(root[0]["by"], centre.agnes.1.to_string());
    assert_eq!(root[0]["call"]["state"], "parked");
    assert_eq!(root[0]["call"]["caller"]["number"], "+15550101");

    let path = format!("/v1/calls/{call}/retrieve");
    let refused = centre.bert.0.post(&path, &json!({})).await;
    assert_eq!(code(&refused), (404, "not_found".to_owned()));
    let for_bert = format!("{path}?agent={}", centre.bert.1);
    let refused = centre.agnes.0.post(&for_bert, &json!({})).await;
    assert_eq!(code(&refused), (403, "forbidden".to_owned()));
    let nobodys = centre.root.post(&path, &json!({})).await;
    assert_eq!(code(&nobodys), (400, "invalid_field".to_owned()));
    let nobody = format!("{path}?agent={call}");
    let nobody = centre.root.post(&nobody, &json!({})).await;
    assert_eq!(nobody.status, 404, "{nobody:?}");
    let picked = format!("/v1/calls/{call}/pick-up");
    let picked = centre.agnes.0.post(&picked, &json!({})).await;
    assert_eq!(code(&picked), (409, "control_refused".to_owned()));

    let missed = |offer| {
        let why = OfferFailure::NoAnswer;
        vec![Input::OfferFailed { offer, why }]
    };
    let missed = centre.asks(&path, missed).await;
    assert_eq!(code(&missed), (409, "control_refused".to_owned()));
    let gone = |offer| {
        let why = OfferFailure::Unreachable;
        vec![Input::OfferFailed { offer, why }]
    };
    let gone = centre.asks(&path, gone).await;
    assert_eq!(code(&gone), (502, "asterisk_refused".to_owned()));
    let answers = |offer| vec![Input::OfferAnswered { offer }, Input::Connected { offer }];
    let got = centre.asks(&path, answers).await;
    assert_eq!(got.status, 200, "{got:?}");
    assert_eq!(got.json()["state"], "talking");
    let again = centre.agnes.0.post(&path, &json!({})).await;
    assert_eq!(code(&again), (409, "control_refused".to_owned()));
    assert!(centre.slots().await.iter().all(Vec::is_empty));
}

#[tokio::test]
async fn what_nobody_talks_on_is_not_parked() {
    let centre = centre().await;
    let call = centre.caller_arrives().await;
    let path = format!("/v1/calls/{call}/park");
    let refused = centre.root.post(&path, &json!({})).await;
    assert_eq!(code(&refused), (409, "not_talking".to_owned()));
    let refused = centre.agnes.0.post(&path, &json!({})).await;
    assert_eq!(code(&refused), (403, "forbidden".to_owned()));
    // In line it is nobody's, unless its queue says otherwise; nor a stranger's.
    let path = format!("/v1/calls/{call}/pick-up");
    let refused = centre.agnes.0.post(&path, &json!({})).await;
    assert_eq!(code(&refused), (409, "control_refused".to_owned()));
    let path = format!("{path}?agent={}", centre.bert.1);
    let refused = centre.root.post(&path, &json!({})).await;
    assert_eq!(code(&refused), (409, "control_refused".to_owned()));
}

#[tokio::test]
async fn a_trace_has_what_happened_and_what_was_decided() {
    let centre = centre().await;
    let call = centre.parked().await;
    centre.written().await;
    let path = format!("/v1/calls/{call}/trace");
    assert_eq!(centre.agnes.0.get(&path).await.status, 403);
    let trace = centre.root.get(&path).await.json();
    assert_eq!(trace["call"]["id"], call.to_string());
    assert_eq!(trace["requests_left_out"], 0);
    let entries = trace["entries"].as_array().unwrap();
    let kinds: Vec<_> = entries
        .iter()
        .map(|one| {
            (
                one["kind"].as_str().unwrap(),
                one["event"]["type"].as_str().unwrap(),
            )
        })
        .filter(|(_, kind)| kind.starts_with("call_"))
        .collect();
    let expected = [
        ("event", "call_arrived"),
        ("decision", "call_queued"),
        ("decision", "call_offered"),
        ("event", "call_answered"),
        ("event", "call_parked"),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(entries[0]["offset_us"], 0);
    let nobodys = centre
        .root
        .get(&format!("/v1/calls/{}/trace", centre.queue))
        .await;
    assert_eq!(nobodys.status, 404);
}
