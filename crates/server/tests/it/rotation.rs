//! Caller-ID rotation as it was documented before: paths, parameters, shapes and codes.

mod guarded;

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use model::UseEnd;
use serde_json::{Value, json};
use server::{auth::AuthConfig, callerid::Question, numbers::Numbers};

use crate::harness::{Answer, Client, Server, shape};

const TOKEN: &str = "a token from before, long enough";

async fn server() -> (Server, Client, Client) {
    let auth = AuthConfig {
        admin_token_hash: Some(server::auth::hash_token(TOKEN)),
        ..AuthConfig::default()
    };
    let server = Server::start_with(auth).await;
    let anybody = server.anonymous();
    let bearer = format!("Bearer {TOKEN}");
    let admin = server.anonymous().with("authorization", &bearer);
    (server, anybody, admin)
}

async fn add(admin: &Client, query: &str) -> Answer {
    let path = format!("/add-number?{query}");
    admin.send(reqwest::Method::POST, &path, None).await
}

async fn next(client: &Client, to: &str) -> Answer {
    let path = format!("/next-cid?to={to}&campaign=sales&agent=agent001");
    client.get(&path).await
}

#[tokio::test]
async fn answers_as_documented() {
    let (_server, anybody, admin) = server().await;
    let added = add(&admin, "caller_id=2125550100&carrier=AT%26T&area_code=212").await;
    assert_eq!(added.status, 200, "{added:?}");
    assert_eq!(
        shape(&added.json()),
        json!({
            "success": true, "message": "Caller ID 2125550100 added",
            "data": {
                "id": "[id]", "caller_id": "2125550100", "carrier": "AT&T", "area_code": "212", "daily_limit": 500,
                "hourly_limit": 100, "last_used": null, "created_at": "[instant]", "updated_at": "[instant]",
                "meta": {}, "is_active": true,
            },
        })
    );
    let given = next(&anybody, "3105550123").await;
    assert_eq!(given.status, 200, "{given:?}");
    assert_eq!(
        shape(&given.json()),
        json!({
            "success": true, "caller_id": "2125550100", "area_code": "212", "carrier": "AT&T", "reserved_for": 300,
            "destination": "3105550123", "agent": "agent001", "campaign": "sales", "reservation_id": "[id]",
            "tier": "country",
        })
    );
    assert!(
        given.body.contains("\"caller_id\":\"2125550100\""),
        "as dialplans look for it"
    );
    let stats = admin.get("/api/stats").await.json();
    assert_eq!(
        [
            &stats["total_caller_ids"],
            &stats["active_caller_ids"],
            &stats["active_reservations"],
            &stats["requests_last_hour"]
        ],
        [1, 1, 1, 1]
    );
    assert!(stats["avg_response_time_ms"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn a_reservation_ends_by_its_id_or_by_its_number() {
    let (_server, anybody, admin) = server().await;
    add(&admin, "caller_id=2125550100").await;
    let first = next(&anybody, "3105550123").await.json();
    assert_eq!(next(&anybody, "3105550124").await.status, 503);

    let id = first["reservation_id"].as_str().unwrap();
    let path = format!("/api/reservation/{id}");
    assert_eq!(anybody.delete(&path).await.status, 401);
    assert_eq!(admin.delete(&path).await.json()["count"], 1);
    assert_eq!(
        admin.delete(&path).await.verdict(),
        (404, "not_found".into(), String::new())
    );

    assert_eq!(next(&anybody, "3105550124").await.status, 200);
    let by_number = admin.delete("/api/reservation/+12125550100").await;
    assert_eq!(by_number.json()["count"], 1);
    assert_eq!(
        admin.delete("/api/reservation/2125550100").await.status,
        404
    );
    let nonsense = admin.delete("/api/reservation/x").await;
    assert_eq!(
        nonsense.verdict(),
        (400, "invalid_field".into(), "id".into())
    );
}

#[tokio::test]
async fn the_end_of_a_call_is_told_with_its_outcome() {
    let (server, anybody, admin) = server().await;
    add(&admin, "caller_id=2125550100").await;
    let tell = async |form: String| {
        let url = format!("http://{}/next-cid/ended", server.address);
        let form_type = "application/x-www-form-urlencoded";
        let request = reqwest::Client::new()
            .post(url)
            .header("content-type", form_type);
        request.body(form).send().await.unwrap().status().as_u16()
    };
    let first = next(&anybody, "3105550123").await.json();
    let call = "caller_id=2125550100&to=3105550123";
    assert_eq!(
        tell(format!("{call}&answered=1&talk_seconds=42")).await,
        204
    );
    let second = next(&anybody, "3105550124").await.json();
    let id = second["reservation_id"].as_str().unwrap();
    let end = format!("reservation_id={id}&answered=0&talk_seconds=");
    assert_eq!(tell(end.clone()).await, 204);
    assert_eq!(tell(end).await, 404, "it is over");
    let third = next(&anybody, "3105550125").await.json();
    let id = third["reservation_id"].as_str().unwrap();
    assert_eq!(tell(format!("reservation_id={id}")).await, 204);

    let uses = server.app.store.caller_id_uses();
    let mut outcomes = Vec::new();
    for given in [first, second, third] {
        let id = given["reservation_id"].as_str().unwrap().parse().unwrap();
        let ended = loop {
            match uses.get(id).await.unwrap() {
                Some(used) if used.end.is_some() => break used,
                _ => tokio::task::yield_now().await,
            }
        };
        outcomes.push((ended.end.unwrap(), ended.answered, ended.talk_ms));
    }
    assert_eq!(
        outcomes,
        [
            (UseEnd::CallEnded, Some(true), Some(42_000)),
            (UseEnd::CallEnded, Some(false), Some(0)),
            (UseEnd::Deleted, None, None),
        ]
    );
    for (form, status) in [
        ("", 422),
        ("caller_id=2125550100", 422),
        ("caller_id=x&to=3105550123", 400),
        ("reservation_id=x", 400),
        ("caller_id=2125550100&to=3105550123&answered=yes", 400),
        (
            "caller_id=2125550100&to=3105550123&answered=1&talk_seconds=-1",
            400,
        ),
        ("%ff%00=&&==&reservation_id=%ff", 400),
    ] {
        assert_eq!(tell(form.to_owned()).await, status, "{form}");
    }
}

#[tokio::test]
async fn when_there_is_none_it_says_why_and_until_when() {
    let (_server, anybody, admin) = server().await;
    let none = next(&anybody, "3105550123").await;
    assert_eq!(none.status, 503);
    assert_eq!(
        none.json()["retry_at"],
        Value::Null,
        "no number will come by itself"
    );

    add(&admin, "caller_id=2125550100").await;
    add(&admin, "caller_id=2125550101&hourly_limit=0").await;
    assert_eq!(next(&anybody, "3105550123").await.status, 200);
    let none = next(&anybody, "3105550124").await;
    assert_eq!(none.verdict(), (503, "no_caller_id".into(), String::new()));
    let body = none.json();
    assert_eq!(
        body["numbers"],
        json!({"capped": 1, "reserved": 1, "resting": 0, "inactive": 0, "unverified": 0})
    );
    assert!(
        body["retry_at"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .is_ok(),
        "{body}"
    );
    assert!(
        body["detail"]
            .as_str()
            .unwrap()
            .contains("No available caller-IDs")
    );
    let wait: u64 = none.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((250..=301).contains(&wait), "the reservation's end: {wait}");
}

#[tokio::test]
async fn a_dialplan_gets_the_bare_number_or_nothing() {
    let (_server, anybody, admin) = server().await;
    add(&admin, "caller_id=%2B12125550100").await;
    let ask = "to=3105550123&campaign=&agent=";
    let given = anybody.get(&format!("/next-cid.txt?{ask}")).await;
    assert_eq!(
        (given.status.as_u16(), given.body.as_str()),
        (200, "+12125550100")
    );
    assert!(
        given.headers["x-cordboard-reservation"]
            .to_str()
            .unwrap()
            .parse::<uuid::Uuid>()
            .is_ok()
    );

    let plain = anybody.with("accept", "text/plain");
    let none = plain.get(&format!("/next-cid?{ask}")).await;
    assert_eq!((none.status.as_u16(), none.body.as_str()), (503, ""));
    assert_eq!(none.headers["x-cordboard-reason"], "no_caller_id");
    for wrong in [
        "to=x&campaign=&agent=",
        "to=911&campaign=&agent=",
        "campaign=&agent=",
        ask,
    ] {
        let path = format!("/next-cid.txt?{wrong}&when_none=empty");
        let none = plain.get(&path).await;
        assert_eq!(
            (none.status.as_u16(), none.body.as_str()),
            (200, ""),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let (_server, anybody, admin) = server().await;
    add(&admin, "caller_id=2125550100").await;
    let long = "x".repeat(101);
    for (query, status, field) in [
        ("campaign=a&agent=b".to_owned(), 422, "to"),
        ("to=3105550123&agent=b".to_owned(), 422, "campaign"),
        ("to=3105550123&campaign=a".to_owned(), 422, "agent"),
        ("to=&campaign=a&agent=b".to_owned(), 400, "to"),
        ("to=310&campaign=a&agent=b".to_owned(), 400, "to"),
        (
            "to=31055501234444444444444444444444444444440&campaign=a&agent=b".to_owned(),
            400,
            "to",
        ),
        ("to=310555CALL&campaign=a&agent=b".to_owned(), 400, "to"),
        (
            "to=%D9%A3%D9%A1%D9%A05550123&campaign=a&agent=b".to_owned(),
            400,
            "to",
        ),
        ("to=911&campaign=a&agent=b".to_owned(), 400, "to"),
        ("to=112&campaign=a&agent=b".to_owned(), 400, "to"),
        ("to=3105550123%00&campaign=a&agent=b".to_owned(), 400, "to"),
        (
            format!("to={}&campaign=a&agent=b", "3".repeat(5_000)),
            400,
            "to",
        ),
        (
            format!("to=3105550123&campaign={long}&agent=b"),
            400,
            "campaign",
        ),
        (
            format!("to=3105550123&campaign=a&agent={long}"),
            400,
            "agent",
        ),
        (
            "to=3105550123&campaign=a%0ab&agent=b".to_owned(),
            400,
            "campaign",
        ),
    ] {
        let answer = anybody.get(&format!("/next-cid?{query}")).await;
        let (found, _, named) = answer.verdict();
        assert_eq!(
            (found, named.as_str()),
            (status, field),
            "{query}: {}",
            answer.body
        );
        assert!(answer.json()["detail"].as_str().unwrap().starts_with(field) || field == "to");
    }
    // However it is written, it can be called.
    for to in [
        "13105550123",
        "%2B1+310+555+0123",
        "(310)%20555-0123",
        "3105550123;ext=12",
        "0013105550123",
    ] {
        let answer = next(&anybody, to).await;
        assert_eq!(answer.status, 200, "{to}: {}", answer.body);
        let id = answer.json()["reservation_id"].as_str().unwrap().to_owned();
        admin.delete(&format!("/api/reservation/{id}")).await;
    }
}

#[tokio::test]
async fn a_number_in_two_notations_is_one_number() {
    let (_server, _, admin) = server().await;
    assert_eq!(add(&admin, "caller_id=2125550100").await.status, 200);
    for written in [
        "2125550100",
        "%2B12125550100",
        "1-212-555-0100",
        "(212)+555-0100",
    ] {
        let again = add(&admin, &format!("caller_id={written}")).await;
        assert_eq!(
            again.verdict(),
            (409, "conflict".into(), "caller_id".into()),
            "{written}"
        );
    }
    let in_body = json!({"caller_id": "212.555.0101", "hourly_limit": 7});
    let added = admin
        .post("/add-number?carrier=C&hourly_limit=9", &in_body)
        .await
        .json();
    assert_eq!(
        [&added["data"]["caller_id"], &added["data"]["carrier"]],
        ["2125550101", "C"]
    );
    assert_eq!(added["data"]["hourly_limit"], 7);
    for (query, status, field) in [
        ("", 422, "caller_id"),
        ("caller_id=x", 400, "caller_id"),
        ("caller_id=911", 400, "caller_id"),
        ("caller_id=2125550102&hourly_limit=-1", 400, "hourly_limit"),
        ("caller_id=2125550102&daily_limit=1e3", 400, "daily_limit"),
        ("caller_id=2125550102&area_code=x", 400, "area_code"),
    ] {
        let (found, _, named) = add(&admin, query).await.verdict();
        assert_eq!((found, named.as_str()), (status, field), "{query}");
    }
}

#[tokio::test]
async fn a_number_for_somebody_who_is_gone_is_free_again() {
    let (server, anybody, admin) = server().await;
    add(&admin, "caller_id=2125550100").await;
    let to = "+13105550123".parse().unwrap();
    let question = Question {
        to,
        place: Numbers::place(to),
        campaign: "".into(),
        agent: "".into(),
    };
    // Asked, and not waited for.
    {
        let mut asking = pin!(server.app.caller_ids.next(question));
        poll_fn(|context| {
            assert!(asking.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    let began = Instant::now();
    while next(&anybody, "3105550124").await.status != 200 {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "it stays reserved"
        );
    }
    let stats = admin.get("/api/stats").await.json();
    assert_eq!(stats["active_reservations"], 1);
}
