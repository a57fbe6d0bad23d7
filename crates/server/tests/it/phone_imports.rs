//! `/v1/extensions/import`: phones from a file, all or none, taken back; and `/v1/extensions.csv`, which reads back as it was.

use std::fmt::Write as _;

use model::Role;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Server};

const PATH: &str = "/v1/extensions";
const IMPORT: &str = "/v1/extensions/import?file=phones.csv";

async fn import(client: &Client, file: impl Into<reqwest::Body>) -> Answer {
    client.csv(IMPORT, file).await
}

async fn tried(client: &Client, file: impl Into<reqwest::Body>) -> Answer {
    client.csv(&format!("{IMPORT}&dry_run=true"), file).await
}

fn counts(report: &Value) -> [u64; 4] {
    ["created", "changed", "unchanged", "refused"].map(|name| {
        let count = report[name].as_u64();
        count.unwrap_or_else(|| panic!("{name}: {report}"))
    })
}

async fn undo(client: &Client, report: &Value) -> Answer {
    let id = report["id"].as_str().unwrap();
    let path = format!("{PATH}/imports/{id}/undo");
    client.post(&path, &Value::Null).await
}

async fn phones(client: &Client) -> Vec<Value> {
    let list = client.get(PATH).await.json();
    list["items"].as_array().unwrap().clone()
}

fn asterisk(name: &str) -> Value {
    json!({
        "name": name, "ari_url": "http://127.0.0.1:1/ari", "ari_user": "cordboard", "password": "s3cret", "active": false,
    })
}

#[tokio::test]
async fn a_file_is_tried_taken_in_and_taken_back() {
    let server = Server::start().await;
    let root = server.administrator().await;
    root.post("/v1/servers", &asterisk("pbx")).await.id();
    let nora = json!({"number": "101", "name": "Nora Example", "mailbox": "101@default"});
    root.post(PATH, &nora).await.id();
    let before = phones(&root).await;
    let file = "codecs,number,name,server,secret\nalaw ULAW,101,,pbx,another secret\n,102,Omar Example,,\n,103,,,its own secret\n";
    let trial = tried(&root, file).await;
    assert!(!trial.body.contains("own secret"), "{trial:?}");
    let trial = trial.json();
    assert_eq!((counts(&trial), &trial["id"]), ([2, 1, 0, 0], &Value::Null));
    assert_eq!(phones(&root).await, before, "a trial writes nothing");

    let report = import(&root, file).await;
    assert!(!report.body.contains("own secret"), "{report:?}");
    let mut report = report.json();
    let changes = json!([
        {"field": "server", "from": null, "to": "pbx"},
        {"field": "codecs", "from": "opus g722 alaw ulaw", "to": "alaw ulaw"},
        {"field": "secret", "from": null, "to": null},
    ]);
    assert_eq!(report["rows"][0]["changes"], changes);
    let secret = report["rows"][1]["secret"].take();
    assert!(secret.as_str().unwrap().len() >= 20, "{secret}");
    assert_eq!(report["rows"][2]["secret"], Value::Null);
    // But for the secret, and the id, the trial said just that.
    let mut said = trial.clone();
    (said["id"], said["dry_run"]) = (report["id"].clone(), json!(false));
    said["rows"][1]["secret"] = Value::Null;
    assert_eq!(report, said);
    let all = phones(&root).await;
    assert_eq!(all.len(), 3);
    assert_eq!(
        [&all[0]["name"], &all[0]["mailbox"], &all[2]["name"]],
        ["Nora Example", "101@default", "103"]
    );

    let again = import(&root, file).await.json();
    assert_eq!((counts(&again), &again["id"]), ([0, 0, 3, 0], &Value::Null));
    let imports = root.get(&format!("{PATH}/imports")).await.json();
    let kept = imports["items"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "what changed nothing is not kept");
    assert_eq!(
        [&kept[0]["file"], &kept[0]["made_by"], &kept[0]["created"]],
        [&json!("phones.csv"), &json!("root"), &json!(2)]
    );
    let undone = undo(&root, &report).await.json();
    assert_eq!([&undone["removed"], &undone["restored"]], [2, 1]);
    assert_eq!(phones(&root).await, before);
    let once = undo(&root, &report).await;
    assert_eq!(once.verdict().1, "undo_refused");
    let nobodys = json!({"id": "01890000-0000-7000-8000-000000000000"});
    assert_eq!(undo(&root, &nobodys).await.verdict().1, "not_found");
}

#[tokio::test]
async fn what_is_written_reads_back_unchanged() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let pbx = root.post("/v1/servers", &asterisk("pbx")).await.id();
    let names = [
        "=HYPERLINK(\"x\")",
        "+1",
        "-1",
        "@x",
        "'=1",
        "'t Hooft",
        " spaced ",
        "a, \"b\"; c",
        "Žofia",
    ];
    for (at, name) in names.into_iter().enumerate() {
        let number = format!("{}", 200 + at);
        let phone = json!({
            "number": number, "name": name, "server": (at == 0).then_some(&pbx), "nat": at != 1, "transport": "webrtc",
            "mailbox": (at == 2).then_some("2@default"), "codecs": ["g722", "alaw"], "qualify_seconds": at, "active": at != 3,
        });
        root.post(PATH, &phone).await.id();
    }
    let file = root.get("/v1/extensions.csv").await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    let mut lines = file.body.lines();
    assert_eq!(
        lines.next().unwrap(),
        "number,name,server,transport,codecs,context,mailbox,nat,qualify_seconds,active"
    );
    assert_eq!(
        lines.next().unwrap(),
        "200,\"'=HYPERLINK(\"\"x\"\")\",pbx,webrtc,g722 alaw,agents,,true,0,true"
    );
    for line in lines {
        let text = line.split(',').nth(1).unwrap();
        assert!(!text.starts_with(['=', '+', '-', '@']), "{line}");
    }
    let before = phones(&root).await;
    let report = import(&root, file.body).await.json();
    assert_eq!(counts(&report), [0, 0, names.len() as u64, 0], "{report}");
    assert_eq!(phones(&root).await, before);
    // Who has no server and no mailbox says so by an empty cell; other empty cells say nothing.
    let cleared = import(
        &root,
        "number,server,mailbox,name,context\n200,,,,\n202,,,,\n",
    )
    .await;
    assert_eq!(counts(&cleared.json()), [0, 2, 0, 0]);
    let now = phones(&root).await;
    assert_eq!(
        (&now[0]["server"], &now[2]["mailbox"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(now[2]["name"], "-1");
}

#[tokio::test]
async fn one_bad_row_and_nothing_is_written() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let trunk = json!({"name": "provider", "host": "192.0.2.1"});
    root.post("/v1/trunks", &trunk).await.id();
    for (row, field, why) in [
        ("101; DROP,,,", "number", "extension is 2 to 10 digits"),
        ("provider,,,", "number", "extension is 2 to 10 digits"),
        ("'=101,,,", "number", "extension is 2 to 10 digits"),
        (",,,", "number", "is empty"),
        ("100,,,", "number", "is the same number as in line 2"),
        ("101,\"a,b\",,", "context", "has ','"),
        ("101,\"a\nb\",,", "context", "has a line break"),
        (
            "101,from-provider,,",
            "context",
            "where calls of a trunk begin",
        ),
        ("101,,pbxs,", "server", "do you mean"),
        ("101,,nowhere,", "server", "is no server's name"),
        ("101,,,short", "secret", "has 5 characters"),
        (
            "101,,,\"with a space \"",
            "secret",
            "begins or ends with a space",
        ),
        ("101,,", "row", "has 3 cells"),
        ("101,,,,", "row", "has 5 cells"),
    ] {
        if field == "server" {
            root.post("/v1/servers", &asterisk("pbx")).await;
        }
        let file = format!("number,context,server,secret\n100,,,\n{row}\n");
        let refused = import(&root, file.clone()).await;
        assert_eq!(
            refused.verdict(),
            (422, "rows_refused".into(), String::new()),
            "{row}"
        );
        let refused = refused.json();
        assert_eq!(
            (&refused["refused"], &refused["rows"][0]["line"]),
            (&json!(1), &json!(3))
        );
        assert_eq!(refused["rows"][0]["field"], field, "{row}");
        let told = refused["rows"][0]["why"].as_str().unwrap();
        assert!(told.contains(why), "{row}: {told}");
        let trial = tried(&root, file).await.json();
        assert_eq!(counts(&trial), [1, 0, 0, 1], "{row}");
        assert_eq!(trial["rows"][1], refused["rows"][0]);
        assert!(phones(&root).await.is_empty(), "{row}");
    }
    for (header, row, field) in [
        ("transport", "sctp", "transport"),
        ("codecs", "alaw mp3", "codecs"),
        ("codecs", "alaw alaw", "codecs"),
        ("nat", "perhaps", "nat"),
        ("qualify_seconds", "-1", "qualify_seconds"),
        ("qualify_seconds", "99999999", "qualify_seconds"),
        ("mailbox", "101", "mailbox"),
        ("name", "\"a\tb\"", "name"),
    ] {
        let refused = import(&root, format!("number,{header}\n101,{row}\n")).await;
        assert_eq!(refused.json()["rows"][0]["field"], field, "{row}");
    }
    let latin = import(&root, &b"number,name\n101,Ren\xe9\n"[..])
        .await
        .json();
    assert_eq!(latin["rows"][0]["why"], "is not UTF-8 text");
    let many = (0..1_500).fold("number\n".to_owned(), |file, _| file + "x\n");
    let refused = import(&root, many).await.json();
    assert_eq!(refused["refused"], 1_500);
    assert_eq!(refused["rows"].as_array().unwrap().len(), 1_000);
}

#[tokio::test]
async fn what_is_no_file_of_phones_is_refused() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let json = root.post(IMPORT, &json!({"number": "101"})).await;
    assert_eq!(json.verdict().0, 415);
    for (file, why) in [
        ("", "there is nothing in it"),
        ("\n\r\n", "there is nothing in it"),
        ("number,name\n", "there is no row behind the header"),
        ("101,Nora\n", "no header"),
        ("number,contxt\n101,a\n", "do you mean context?"),
        ("number;contxt\n101;a\n", "do you mean context?"),
        ("number,Number\n101,101\n", "twice"),
        ("name\nNora\n", "no column number"),
        ("number,na\u{fffd}me\n", "unknown"),
        (
            "number\n\"101\n",
            "has a line break, perhaps for a quote that is not closed",
        ),
        ("number\n10\u{0}1\n", "an extension is 2 to 10 digits"),
    ] {
        let answer = import(&root, file).await;
        assert!(answer.body.contains(why), "{file:?} {}", answer.body);
        assert!(answer.status.is_client_error(), "{file:?}");
    }
    let open = format!("number\n\"{}", "x\n".repeat(40_000));
    let answer = import(&root, open).await;
    assert_eq!(answer.verdict().2, "body");
    assert!(
        answer.body.contains("a quote that is not closed"),
        "{answer:?}"
    );
    let sue = server.logged_in("sue", Role::Supervisor, None).await;
    assert_eq!(import(&sue, "number\n101\n").await.verdict().0, 403);
    assert_eq!(sue.get("/v1/extensions.csv").await.status, 200);
    for query in ["dry_run=perhaps", "nonsense=1"] {
        let path = format!("/v1/extensions/import?{query}");
        assert_eq!(root.csv(&path, "number\n101\n").await.verdict().0, 400);
    }
    assert!(phones(&root).await.is_empty());
}

#[tokio::test]
async fn what_spreadsheets_write_is_read() {
    let server = Server::start().await;
    let root = server.administrator().await;
    for (file, name) in [
        ("\u{feff}number,name\r\n101,Nora\r\n", "Nora"),
        (
            "\u{feff}Number;Name;Codecs\r\n101;Nora, née X;\"alaw;ulaw\"\r\n",
            "Nora, née X",
        ),
        ("\"number\";\"name\"\r\n\"101\";\"a; b\"\r\n", "a; b"),
        ("name,number\n\"a \"\"b\"\"\",101", "a \"b\""),
    ] {
        let report = import(&root, file).await.json();
        assert_eq!(report["refused"], 0, "{file} {report}");
        assert_eq!(phones(&root).await[0]["name"], name, "{file}");
    }
}

#[tokio::test]
async fn a_file_that_is_too_long_is_refused_early() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let long = (0..1_000_000).fold("number\n".to_owned(), |mut file, row| {
        let _ = writeln!(file, "{row:07}");
        file
    });
    let answer = import(&root, long).await;
    assert_eq!(
        answer.verdict(),
        (413, "body_too_large".into(), String::new())
    );
    assert!(answer.body.contains("more than 20000 rows"), "{answer:?}");
    let huge = root.clone().with("content-length", &(65 << 20).to_string());
    assert_eq!(import(&huge, "").await.verdict().0, 413);
    assert!(phones(&root).await.is_empty());
}

#[tokio::test]
async fn what_others_changed_since_is_not_undone() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let report = import(&root, "number\n101\n102\n103\n").await.json();
    let named = import(&root, "number,name\n101,Nora\n103,Omar\n")
        .await
        .json();
    let refused = undo(&root, &report).await;
    assert_eq!(refused.verdict().0, 409);
    assert_eq!(refused.json()["phones"], json!(["101", "103"]));

    let all = phones(&root).await;
    let path = |at: usize| format!("{PATH}/{}", all[at]["id"].as_str().unwrap());
    root.post(&format!("{}/secret", path(0)), &json!({})).await;
    assert_eq!(undo(&root, &named).await.json()["phones"], json!(["101"]));
    // What is as it was before is in nobody's way, nor is a new phone that is gone already.
    root.delete(&path(0)).await;
    assert_eq!(undo(&root, &named).await.json()["phones"], json!(["101"]));
    root.delete(&path(2)).await;
    assert_eq!(undo(&root, &report).await.json()["removed"], 1);
    assert!(phones(&root).await.is_empty());
}

#[tokio::test]
async fn nobody_is_put_back_where_a_trunks_calls_begin_now_or_onto_a_server_that_is_gone() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let pbx = root.post("/v1/servers", &asterisk("pbx")).await.id();
    import(&root, "number,context,server\n101,sales,\n102,agents,pbx\n").await;
    let moved = import(&root, "number,context\n101,agents\n").await.json();
    let trunk = json!({"name": "carrier", "host": "192.0.2.1", "context": "sales"});
    let trunk = root.post("/v1/trunks", &trunk).await.id();
    assert_eq!(undo(&root, &moved).await.json()["phones"], json!(["101"]));
    root.delete(&format!("/v1/trunks/{trunk}")).await;
    assert_eq!(undo(&root, &moved).await.json()["restored"], 1);
    let moved = import(&root, "number,server\n102,\n").await.json();
    root.delete(&format!("/v1/servers/{pbx}")).await;
    let refused = undo(&root, &moved).await;
    assert_eq!(refused.verdict().1, "undo_refused");
    assert!(refused.body.contains("is gone"), "{refused:?}");
}

#[tokio::test]
async fn ten_thousand_phones_are_taken_in_and_back() {
    let server = Server::start().await;
    let root = server.administrator().await;
    let file = (0..10_000).fold("number,name\n".to_owned(), |mut file, row| {
        let _ = writeln!(file, "{},Desk {row}", 20_000 + row);
        file
    });
    let began = std::time::Instant::now();
    let report = import(&root, file).await.json();
    assert_eq!(counts(&report), [10_000, 0, 0, 0]);
    let imported = began.elapsed();
    let written = root.get("/v1/extensions.csv").await.body;
    assert_eq!(written.lines().count(), 10_001);
    let again = import(&root, written).await.json();
    assert_eq!(counts(&again), [0, 0, 10_000, 0]);
    let began = std::time::Instant::now();
    assert_eq!(undo(&root, &report).await.json()["removed"], 10_000);
    println!("10,000 phones in: {imported:?}, out: {:?}", began.elapsed());
    assert!(imported.as_secs() < 10, "{imported:?}");
}
