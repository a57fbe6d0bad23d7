//! `/v1/caller-ids`: numbers made, found, changed, explained and reported.

use std::time::{Duration, Instant};

use model::Role;
use serde_json::{Value, json};
use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::{Client, Server};

async fn make(root: &Client, body: Value) -> String {
    root.post("/v1/caller-ids", &body).await.id()
}

async fn next(client: &Client, to: &str, campaign: &str) -> Value {
    let path = format!("/next-cid?to={to}&campaign={campaign}&agent=a");
    client.get(&path).await.json()
}

#[tokio::test]
async fn a_number_knows_where_it_belongs_and_what_it_is_doing() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let id = make(&root, json!({"number": "+421 2 5555 0100", "carrier": "C"})).await;
    let one = root.get(&format!("/v1/caller-ids/{id}")).await.json();
    assert_eq!(
        [
            &one["number"],
            &one["e164"],
            &one["country"],
            &one["verified"]
        ],
        ["+421255550100", "+421255550100", "SK", "administrator"]
    );
    assert_eq!(one["calling_code"], 421);
    assert_eq!(one["state"]["status"], "available");
    assert_eq!(
        [
            &one["hourly_limit"],
            &one["daily_limit"],
            &one["max_concurrent"]
        ],
        [100, 500, 1]
    );

    next(&root, "%2B421255550199", "").await;
    let one = root.get(&format!("/v1/caller-ids/{id}")).await.json();
    assert_eq!(one["state"]["status"], "reserved");
    assert_eq!(
        [
            &one["state"]["in_use"],
            &one["state"]["used_this_hour"],
            &one["state"]["used_today"]
        ],
        [1, 1, 1]
    );
}

#[tokio::test]
async fn a_change_holds_from_the_next_question_on_and_forgets_no_use() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let id = make(&root, json!({"number": "2125550100", "max_concurrent": 5})).await;
    let path = format!("/v1/caller-ids/{id}");
    assert_eq!(next(&root, "3105550101", "").await["success"], true);
    let blocked = json!({"number": "12125550100", "max_concurrent": 5, "hourly_limit": 0});
    assert_eq!(root.put(&path, &blocked).await.status, 200);
    assert_eq!(next(&root, "3105550102", "").await["numbers"]["capped"], 1);
    let once_more = json!({"number": "2125550100", "max_concurrent": 5, "hourly_limit": 2});
    let again = root.put(&path, &once_more).await.json();
    assert_eq!(again["state"]["used_this_hour"], 1, "it is the same number");
    assert_eq!(next(&root, "3105550102", "").await["success"], true);
    assert_eq!(next(&root, "3105550103", "").await["numbers"]["capped"], 1);

    let other = root.put(&path, &json!({"number": "2125550101"})).await;
    assert_eq!(
        other.verdict(),
        (400, "invalid_field".into(), "number".into())
    );
    let inactive = json!({"number": "2125550100", "active": false});
    root.put(&path, &inactive).await;
    assert_eq!(
        next(&root, "3105550102", "").await["numbers"]["inactive"],
        1
    );
    assert_eq!(root.delete(&path).await.status, 204);
    assert_eq!(root.get(&path).await.status, 404);
    assert_eq!(root.delete(&path).await.status, 404);
    let gone = next(&root, "3105550102", "").await;
    assert_eq!(gone["numbers"]["inactive"], 0);
}

#[tokio::test]
async fn a_number_that_nobody_vouches_for_is_presented_only_if_calls_to_it_reach_us() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let queue = server.queue("sales").await.to_string();
    make(&root, json!({"number": "2125550100", "vouched": false})).await;
    assert_eq!(
        next(&root, "3105550101", "").await["numbers"]["unverified"],
        1
    );
    root.post(
        "/v1/dids",
        &json!({"number": "12125550101", "to": {"type": "queue", "queue": queue}}),
    )
    .await
    .id();
    let id = make(&root, json!({"number": "2125550101", "vouched": false})).await;
    assert_eq!(
        root.get(&format!("/v1/caller-ids/{id}")).await.json()["verified"],
        "did"
    );
    assert_eq!(
        next(&root, "3105550101", "").await["caller_id"],
        "2125550101"
    );
}

#[tokio::test]
async fn numbers_are_found() {
    let server = Server::start().await;
    let root = server.administrator().await;
    for (number, carrier, label, active) in [
        ("2125550100", "Ace", "gold", true),
        ("2125550101", "Ace", "silver", false),
        ("3105550100", "Bee", "gold", true),
        ("+421255550100", "Bee", "gold", true),
    ] {
        make(
            &root,
            json!({"number": number, "carrier": carrier, "labels": [label], "active": active}),
        )
        .await;
    }
    for (query, found) in [
        ("", 4),
        ("number=%2B1212", 2),
        ("country=US", 3),
        ("country=SK", 1),
        ("area_code=310", 1),
        ("carrier=Be", 2),
        ("label=gold", 3),
        ("active=false", 1),
        ("label=gold&country=US&active=true", 2),
        ("number=%2B9", 0),
    ] {
        let page = root.get(&format!("/v1/caller-ids?{query}")).await.json();
        assert_eq!(
            page["items"].as_array().map(Vec::len),
            Some(found),
            "{query}: {page}"
        );
    }
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = root
            .get(&format!("/v1/caller-ids?limit=3{cursor}"))
            .await
            .json();
        let items = page["items"].as_array().unwrap().clone();
        all.extend(
            items
                .into_iter()
                .map(|one| one["e164"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        cursor = format!("&cursor={}", next.replace('+', "%2B"));
    }
    assert_eq!(
        all,
        [
            "+12125550100",
            "+12125550101",
            "+13105550100",
            "+421255550100"
        ]
    );
}

#[tokio::test]
async fn a_campaign_has_its_pool_and_an_explanation_says_why() {
    let server = Server::start().await;
    let root = server.administrator().await;
    make(
        &root,
        json!({"number": "2125550100", "labels": ["gold"], "max_concurrent": 9}),
    )
    .await;
    make(
        &root,
        json!({"number": "2125550101", "campaigns": ["autumn"]}),
    )
    .await;
    let rule = json!({"pool": "gold", "sticky_days": 30});
    let set = root.put("/v1/caller-ids/rules/spring%20sale", &rule).await;
    assert_eq!(
        set.json(),
        json!({"campaign": "spring sale", "pool": "gold", "sticky_days": 30})
    );

    let to = "%2B421255550199";
    let explained = |campaign: &'static str| {
        let path = format!("/v1/caller-ids/explain?to={to}&campaign={campaign}");
        let root = root.clone();
        async move { root.get(&path).await.json() }
    };
    let spring = explained("spring%20sale").await;
    assert_eq!(spring["choice"]["tier"], "pool", "{spring}");
    assert_eq!([&spring["country"], &spring["to"]], ["SK", "+421255550199"]);
    let other = explained("winter").await;
    assert_eq!(
        other["choice"],
        Value::Null,
        "the default pool's only number is another campaign's: {other}"
    );
    assert_eq!(next(&root, to, "spring%20sale").await["tier"], "pool");
    let spring = explained("spring%20sale").await;
    assert_eq!(spring["choice"]["tier"], "sticky", "{spring}");
    assert_eq!(spring["tiers"][0]["numbers"][0]["number"], "+12125550100");

    let rules = root.get("/v1/caller-ids/rules").await.json();
    assert_eq!(rules["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        root.delete("/v1/caller-ids/rules/spring%20sale")
            .await
            .status,
        204
    );
    assert_eq!(
        root.delete("/v1/caller-ids/rules/spring%20sale")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn every_use_is_in_the_report() {
    let server = Server::start().await;
    let root = server.administrator().await;
    make(&root, json!({"number": "2125550100", "max_concurrent": 9})).await;
    make(&root, json!({"number": "2125550101", "max_concurrent": 9})).await;
    for (to, campaign) in [
        ("3105550101", "a"),
        ("3105550102", "a"),
        ("3105550101", "b"),
    ] {
        assert_eq!(next(&root, to, campaign).await["success"], true);
    }
    // The log is brought up behind the answers.
    let all = |page: Value| page["items"].as_array().map(Vec::len);
    while all(root.get("/v1/caller-ids/uses").await.json()) != Some(3) {
        tokio::task::yield_now().await;
    }
    let first = root.get("/v1/caller-ids/uses?limit=2").await.json();
    assert_eq!(first["items"][0]["campaign"], "b", "the newest first");
    let cursor = first["next"].as_str().unwrap();
    let rest = root
        .get(&format!("/v1/caller-ids/uses?limit=2&cursor={cursor}"))
        .await
        .json();
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["next"]),
        (1, &Value::Null)
    );

    let campaigns = root
        .get("/v1/caller-ids/report/campaigns?days=1")
        .await
        .json();
    let by_campaign: Vec<_> = campaigns["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["campaign"].as_str().unwrap(),
                one["uses"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(by_campaign, [("a", 2), ("b", 1)]);
    let numbers = root.get("/v1/caller-ids/report").await.json();
    let uses: u64 = numbers["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["uses"].as_u64().unwrap())
        .sum();
    assert_eq!(uses, 3);
    assert!(
        numbers["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["numbers_seen"] == 1),
        "a person sees one number: {numbers}"
    );
}

#[tokio::test]
async fn many_numbers_are_changed_at_once() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let mut ids = Vec::new();
    for number in ["2125550100", "2125550101", "3105550100"] {
        ids.push(make(&root, json!({"number": number, "labels": ["old"]})).await);
    }
    let bulk = |body: Value| {
        let root = root.clone();
        async move { root.post("/v1/caller-ids/bulk", &body).await }
    };
    let set = json!({"active": false, "add_labels": ["new"], "remove_labels": ["old"], "per_minute_limit": 3});
    let done = bulk(json!({"filter": {"area_code": "212"}, "set": set})).await;
    assert_eq!(
        (&done.json()["changed"], &done.json()["unchanged"]),
        (&json!(2), &json!(0))
    );
    let again = bulk(json!({"filter": {"area_code": "212"}, "set": set})).await;
    assert_eq!(
        (&again.json()["changed"], &again.json()["unchanged"]),
        (&json!(0), &json!(2))
    );
    let one = root.get(&format!("/v1/caller-ids/{}", ids[0])).await.json();
    assert_eq!(
        [&one["labels"], &one["per_minute_limit"]],
        [&json!(["new"]), &json!(3)]
    );
    assert_eq!(one["state"]["status"], "inactive");
    assert_eq!(
        next(&root, "2125550199", "").await["caller_id"],
        "3105550100"
    );

    let named = bulk(json!({"ids": [ids[0]], "set": {"active": true, "note": "n"}})).await;
    assert_eq!(named.json()["changed"], 1);
    for (body, field) in [
        (json!({"set": {}}), "filter"),
        (json!({"ids": [], "filter": {}, "set": {}}), "filter"),
        (
            json!({"ids": ["01890000-0000-7000-8000-000000000000"], "set": {}}),
            "ids",
        ),
        (
            json!({"filter": {}, "set": {"max_concurrent": 0}}),
            "max_concurrent",
        ),
        (
            json!({"filter": {}, "set": {"time_zone": "Mars"}}),
            "time_zone",
        ),
    ] {
        let refused = bulk(body).await;
        assert_eq!(
            refused.verdict(),
            (400, "invalid_field".into(), field.into())
        );
    }
}

#[tokio::test]
async fn who_calls_back_is_led_to_who_called() {
    let server = Server::start().await;
    let root = server.administrator().await;
    make(&root, json!({"number": "2125550100"})).await;
    make(&root, json!({"number": "2125550101"})).await;
    let path = "/next-cid?to=3105550123&campaign=sales&agent=agent001";
    let given = root.get(path).await.json();
    let dialled = given["caller_id"].as_str().unwrap();
    let other = if dialled == "2125550100" {
        "2125550101"
    } else {
        "2125550100"
    };
    // The log is brought up behind the answers.
    let asked = async |from: &str, to: &str| {
        let path = format!("/v1/caller-ids/return-call?from={from}&to={to}");
        root.get(&path).await
    };
    let began = std::time::Instant::now();
    while asked("3105550123", dialled).await.status == 404 {
        assert!(began.elapsed().as_secs() < 10);
        tokio::task::yield_now().await;
    }
    for to in [dialled, other] {
        let found = asked("%2B1%20310-555-0123", to).await.json();
        assert_eq!(found["use"], given["reservation_id"], "{found}");
        assert_eq!(found["campaign"], "sales");
        assert_eq!(found["agent"], "agent001");
        assert_eq!(found["number"], format!("+1{dialled}"));
        assert!(found["made_at"].is_string());
    }
    assert_eq!(asked("3105550124", dialled).await.status, 404);
    assert_eq!(asked("3105550123", "2125550199").await.status, 404);
    let (status, _, field) = asked("anonymous", dialled).await.verdict();
    assert_eq!((status, &*field), (400, "from"));
}

/// Sends a new number and goes away after `patience`, without waiting for the answer.
async fn impatient(server: &Server, key: &str, number: &str, patience: Duration) {
    let body = json!({"number": number}).to_string();
    let request = format!(
        "POST /v1/caller-ids HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(patience).await;
    stream.shutdown().await.unwrap();
    // The server has let go of the connection.
    stream.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test]
async fn a_change_goes_through_though_the_client_goes_away() {
    let server = Server::start().await;
    let root = server.program(Role::Administrator).await;
    let (_, key) = root.headers().first().unwrap();
    let file = SqliteConnectOptions::new().filename(server.database_file());
    let mut other = file.connect().await.unwrap();
    // A client that has gone before it was heard asks for nothing: the next one waits longer.
    for doubled in 0..8 {
        sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut other)
            .await
            .unwrap();
        let number = format!("21255501{doubled:02}");
        impatient(&server, key, &number, Duration::from_millis(5 << doubled)).await;
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        // Writes come one after the other: what this one finds was decided before it.
        make(&root, json!({"number": format!("31055501{doubled:02}")})).await;
        let began = Instant::now();
        loop {
            let page = root.get("/v1/caller-ids").await.json();
            let items = page["items"].as_array().unwrap();
            let found = items.iter().find(|one| one["number"] == number.as_str());
            match found.map(|one| !one["state"].is_null()) {
                Some(true) => return,
                Some(false) => assert!(
                    began.elapsed() < Duration::from_secs(5),
                    "the store has {number}, the engine has not"
                ),
                None => break,
            }
        }
    }
    panic!("no request was heard");
}
