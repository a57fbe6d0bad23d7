//! Calls that somebody looks for, in any notation and page by page.

use super::{BOTH_DAYS, centre, report};
use crate::harness::Client;

/// The ids that a search finds, page by page.
async fn found(client: &Client, query: &str, limit: usize) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for _ in 0..50 {
        let path = format!("/v1/reports/calls?limit={limit}&{query}{cursor}");
        let answer = client.get(&path).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}: {answer:?}");
        let page = answer.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit, "{page}");
        all.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
    panic!("{query} has no end");
}

#[tokio::test]
async fn calls_are_found_in_any_notation_and_page_by_page() {
    let centre = centre().await;
    let program = &centre.program;
    let newest_first = [
        "1793016000.1",
        "1793012400.1",
        "1793008800.1",
        "1793005200.1",
        "1793005200.1",
        "1792969205.1",
        "1792969190.1",
        "1792891800.1",
        "1792888200.1",
    ];
    for limit in [1, 2, 3, 250] {
        assert_eq!(found(program, "", limit).await, newest_first, "{limit}");
    }
    for written in ["%2B421%202/5555-010", "0042125555010", "42125555010"] {
        let query = format!("number={written}");
        assert_eq!(
            found(program, &query, 2).await,
            ["1792891800.1", "1792888200.1"],
            "{written}"
        );
    }
    for (query, ids) in [
        ("number=0012025550109", vec!["1793016000.1", "1793012400.1"]),
        ("extension=2001&disposition=no_answer", vec!["1792891800.1"]),
        ("disposition=failed", vec!["1793005200.1"]),
        (
            "min_talk_seconds=30&max_talk_seconds=49",
            vec!["1793012400.1", "1792969205.1"],
        ),
        ("min_duration_seconds=60", vec!["1793016000.1"]),
        ("report=trunk&only=PJSIP/two", vec!["1793005200.1"]),
        (
            "report=country&only=%2B1",
            vec!["1793005200.1", "1793005200.1"],
        ),
        ("report=did", vec!["1793016000.1", "1793012400.1"]),
        (
            "date=2026-10-25&source=one",
            vec!["1792969190.1", "1792891800.1", "1792888200.1"],
        ),
        ("recorded=true", vec![]),
        ("number='%20OR%201=1%20--", vec![]),
        ("extension=%25", vec![]),
    ] {
        assert_eq!(found(program, query, 100).await, ids, "{query}");
    }
    // What a report links to is what it counts.
    let by_country = report(program, "country", &format!("{BOTH_DAYS}&interval=day")).await;
    for row in by_country["rows"].as_array().unwrap() {
        let link = row["calls"].as_str().unwrap();
        let listed = program.get(link).await.json();
        assert!(
            !listed["items"].as_array().unwrap().is_empty(),
            "{link}: {listed}"
        );
    }
    for (query, field) in [
        ("source=nowhere", "source"),
        ("only=2001", "only"),
        ("report=queue", "report"),
        ("report='", "report"),
        ("disposition=maybe", "disposition"),
        ("cause=70000", "cause"),
        ("min_talk_seconds=-1", "min_talk_seconds"),
        ("from=2026-02-30&to=2026-03-01", "from"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("time_zone=Mars/Olympus", "time_zone"),
        ("agent=01890000-0000-7000-8000-000000000000", "agent"),
    ] {
        let answer = program.get(&format!("/v1/reports/calls?{query}")).await;
        assert_eq!(
            (answer.verdict().0, answer.verdict().2.as_str()),
            (400, field),
            "{query}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn what_is_found_is_a_file_where_one_is_asked_for() {
    let centre = centre().await;
    let program = &centre.program;
    let path = "/v1/reports/calls?from=2026-10-25&to=2026-10-27&number=12025550103&limit=1";
    let asked = program.get(&format!("{path}&format=csv")).await;
    assert_eq!(asked.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(asked.headers["cordboard-incomplete"], "gone");
    let lines: Vec<&str> = asked.body.lines().collect();
    assert!(
        lines[0].starts_with("began_at,source,id,linked_id,"),
        "{lines:?}"
    );
    // All of them, whatever the limit of a page; the newest first.
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[1].contains(",one,1793005200.1,") && lines[1].contains(",answered,"),
        "{lines:?}"
    );
    assert!(lines[2].contains(",failed,"), "{lines:?}");
    let sheet = program.get(&format!("{path}&format=xlsx")).await;
    assert!(sheet.body.starts_with("PK"), "{sheet:?}");
    let there = program
        .get(&format!("{path}&format=parquet&time_zone=America/New_York"))
        .await;
    assert!(there.body.contains("America/New_York"), "{there:?}");
    let refused = program.get(&format!("{path}&format=pdf")).await;
    let expected = (400, "invalid_field".to_owned(), "format".to_owned());
    assert_eq!(refused.verdict(), expected);
}
