//! `/v1/caller-ids/import`: numbers from a file, presented at once, and taken back.

use model::Role;
use serde_json::{Value, json};

use crate::harness::{Client, Server};

const IMPORT: &str = "/v1/caller-ids/import?file=numbers.csv";

fn counts(report: &Value) -> [u64; 4] {
    ["added", "changed", "unchanged", "refused"].map(|name| report[name].as_u64().unwrap())
}

async fn next(client: &Client) -> Value {
    let path = "/next-cid?to=3105550123&campaign=sales&agent=a";
    client.get(path).await.json()
}

#[tokio::test]
async fn a_file_is_presented_at_once_and_taken_back() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let file =
        "caller_id,carrier,area_code,hourly_limit,daily_limit\n2125550100,Ace,212,5,\nabc,,,,\n";
    let trial = root
        .csv(&format!("{IMPORT}&dry_run=true"), file)
        .await
        .json();
    assert_eq!((counts(&trial), &trial["id"]), ([1, 0, 0, 1], &Value::Null));
    assert_eq!(next(&root).await["code"], "no_caller_id");

    let report = root.csv(IMPORT, file).await.json();
    assert_eq!(counts(&report), [1, 0, 0, 1], "{report}");
    let refused = &report["rows"][0];
    assert_eq!(
        [&refused["line"], &refused["number"], &refused["field"]],
        [&json!(3), &json!("abc"), &json!("caller_id")]
    );
    let given = next(&root).await;
    assert_eq!(
        [&given["caller_id"], &given["carrier"]],
        ["2125550100", "Ace"]
    );

    let imports = root.get("/v1/caller-ids/imports").await.json();
    let import = &imports["items"][0];
    assert_eq!(
        [&import["file"], &import["made_by"], &import["refused"]],
        [&json!("numbers.csv"), &json!("root"), &json!(1)]
    );
    let path = format!("/v1/caller-ids/imports/{}", report["id"].as_str().unwrap());
    assert_eq!(root.get(&path).await.json(), *import);
    let undone = root
        .post(&format!("{path}/undo"), &Value::Null)
        .await
        .json();
    assert_eq!([&undone["removed"], &undone["restored"]], [1, 0]);
    assert!(undone["undone_at"].is_string());
    assert_eq!(next(&root).await["code"], "no_caller_id");
    let again = root
        .post(&format!("{path}/undo"), &Value::Null)
        .await
        .json();
    assert_eq!(
        [&again["removed"], &again["undone_at"]],
        [&json!(0), &undone["undone_at"]]
    );
}

#[tokio::test]
async fn what_a_file_changed_is_put_back_unless_it_was_changed_since() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let first = root
        .csv(IMPORT, "caller_id,note\n2125550100,kept\n")
        .await
        .json();
    let blocked = root
        .csv(IMPORT, "caller_id,hourly_limit\n12125550100,0\n")
        .await
        .json();
    assert_eq!(counts(&blocked), [0, 1, 0, 0]);
    assert_eq!(next(&root).await["numbers"]["capped"], 1);
    let undo = |report: &Value| {
        let path = format!(
            "/v1/caller-ids/imports/{}/undo",
            report["id"].as_str().unwrap()
        );
        let root = root.clone();
        async move { root.post(&path, &Value::Null).await }
    };
    assert_eq!(undo(&first).await.verdict().0, 409);
    assert_eq!(undo(&blocked).await.json()["restored"], 1);
    assert_eq!(next(&root).await["caller_id"], "2125550100");
    assert_eq!(undo(&first).await.json()["removed"], 1);
    let nobodys = "/v1/caller-ids/imports/01890000-0000-7000-8000-000000000000";
    assert_eq!(root.get(nobodys).await.status, 404);
    assert_eq!(
        root.post(&format!("{nobodys}/undo"), &Value::Null)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_is_no_file_of_numbers_is_refused() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let json = root.post(IMPORT, &json!({"number": "2125550100"})).await;
    assert_eq!(json.verdict().0, 415);
    for (file, why) in [
        (String::new(), "empty"),
        ("2125550100\n".to_owned(), "no header"),
        ("caller_id,carier\n".to_owned(), "do you mean carrier?"),
        ("x".repeat(2 << 20), "far too long"),
    ] {
        let answer = root.csv(IMPORT, file).await;
        assert_eq!(
            answer.verdict(),
            (400, "invalid_field".into(), "body".into())
        );
        assert!(answer.body.contains(why), "{}", answer.body);
    }
    let huge = root
        .clone()
        .with("content-length", &(65 << 20).to_string())
        .csv(IMPORT, "")
        .await;
    assert_eq!(huge.verdict().0, 413);
    for query in ["dry_run=perhaps", "nonsense=1"] {
        let answer = root
            .csv(&format!("/v1/caller-ids/import?{query}"), "")
            .await;
        assert_eq!(answer.verdict().0, 400, "{query}");
    }
    let sue = server.logged_in("sue", Role::Supervisor, None).await;
    assert_eq!(sue.csv(IMPORT, "caller_id\n").await.verdict().0, 403);
}

#[tokio::test]
async fn a_large_file_goes_in_while_questions_are_answered() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let rows: Vec<_> = (0..12_000)
        .map(|row| format!("212{:07}", 2_000_000 + row))
        .collect();
    let file = format!("caller_id\n{}\n", rows.join("\n"));
    let importing = root.csv(IMPORT, file);
    let asking = async {
        // From the first batch on there is a number, long before the last.
        for agent in 0.. {
            let path = format!("/next-cid?to=3105550123&campaign=sales&agent={agent}");
            if root.get(&path).await.json()["success"] == true {
                return;
            }
        }
    };
    let (report, ()) = tokio::join!(importing, asking);
    assert_eq!(counts(&report.json()), [12_000, 0, 0, 0]);
}
