//! The page of the pool: who sees it, what it shows, and that no name becomes a part of the page.

use model::Role;

use crate::harness::Server;

#[tokio::test]
async fn a_browser_is_sent_to_log_in_and_a_program_is_refused() {
    let server = Server::start().await;
    let without = server
        .anonymous()
        .bare(reqwest::Method::GET, "/dashboard", "")
        .await;
    assert_eq!(without.status, 303);
    assert_eq!(without.headers["location"], "/login?next=/dashboard");
    let stale = server.anonymous().with("cookie", "cordboard_session=gone");
    assert_eq!(stale.get("/dashboard").await.status, 303);
    let wrong = server.anonymous().with("authorization", "Bearer wrong");
    assert_eq!(wrong.get("/dashboard").await.status, 401);
    let agent = server.logged_in("agnes", Role::Agent, None).await;
    assert_eq!(agent.get("/dashboard").await.status, 403);
    for client in [
        server.logged_in("sue", Role::Supervisor, None).await,
        server.program(Role::Service).await,
    ] {
        let page = client.get("/dashboard").await;
        assert_eq!(page.status, 200);
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(page.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn what_names_contain_is_shown_and_never_run() {
    const BAD: &str = "%3Cscript%3Ealert%281%29%3C/script%3E%22%27%26";
    let server = Server::start().await;
    let root = server.administrator().await;
    let empty = root.get("/dashboard").await;
    assert!(
        empty.body.contains("No number is reserved."),
        "{}",
        empty.body
    );
    let add = format!("/add-number?caller_id=2125550100&carrier={BAD}");
    let added = root.send(reqwest::Method::POST, &add, None).await;
    assert_eq!(added.status, 200, "{added:?}");
    let ask = format!("/next-cid?to=3105550123&campaign={BAD}&agent={BAD}");
    assert_eq!(root.get(&ask).await.status, 200);
    let began = std::time::Instant::now();
    let page = loop {
        let page = root.get("/dashboard").await.body;
        // Brought up behind the answer.
        if !page.contains("No number was used") {
            break page;
        }
        assert!(began.elapsed().as_secs() < 10, "{page}");
    };
    let shown = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;";
    // Carrier; campaign and agent of the reservation and of the log; campaign of the day.
    assert_eq!(page.matches(shown).count(), 6, "{page}");
    assert!(!page.contains("<script"), "{page}");
    assert_eq!(page.matches("+13105550123").count(), 2);
    assert_eq!(page.matches("+12125550100").count(), 3);
    assert!(page.contains("<td class=n>1 of 100"), "{page}");
}
