//! What `cordboard doctor` says of sources of call detail records.

use std::path::PathBuf;

use server::{
    config::{CdrSourceConfig, CdrSourceKind, Config, Secret, Sources},
    doctor::{Finding, Verdict, examine},
};
use sqlx::Executor as _;

use super::{config, fresh, in_sql::FREEPBX, mariadb};

/// What is found of these sources, by name.
async fn looked_at(sources: Vec<CdrSourceConfig>) -> Vec<Finding> {
    let folder = tempfile::tempdir().unwrap();
    let set = |name: &str, value: &str| (format!("CORDBOARD__{name}"), value.to_owned());
    let mut config = Config::load(&Sources {
        environment: vec![
            set("DATA__FOLDER", folder.path().to_str().unwrap()),
            set("SERVER__LISTEN", "127.0.0.1:0"),
        ],
        ..Sources::default()
    })
    .unwrap();
    config.cdr_source = sources;
    let mut findings = examine(&config).await;
    findings.retain(|finding| finding.subject.starts_with("call records "));
    findings
}

fn of<'a>(findings: &'a [Finding], source: &str) -> Vec<&'a Finding> {
    let subject = format!("call records {source}");
    let of = findings.iter().filter(|finding| finding.subject == subject);
    of.collect()
}

fn said(finding: &Finding) -> String {
    let parts = [
        Some(&finding.what),
        finding.why.as_ref(),
        finding.remedy.as_ref(),
    ];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    parts.join("; ")
}

/// One that is as it should be but for its clock, and others that are not.
fn sources(
    good: &CdrSourceConfig,
    postgres: &CdrSourceConfig,
    user: &str,
    file: PathBuf,
) -> Vec<CdrSourceConfig> {
    let named = |name: &str, of: &CdrSourceConfig| CdrSourceConfig {
        name: name.to_owned(),
        ..of.clone()
    };
    vec![
        named("good", good),
        CdrSourceConfig {
            table: "slow".to_owned(),
            ..named("slow", good)
        },
        CdrSourceConfig {
            table: "renamed".to_owned(),
            ..named("renamed", good)
        },
        CdrSourceConfig {
            user: user.to_owned(),
            password: Some(Secret::new("a word")),
            ..named("poor", good)
        },
        named("postgres", postgres),
        CdrSourceConfig {
            kind: CdrSourceKind::Csv,
            file: Some(file),
            ..named("file", &CdrSourceConfig::default())
        },
    ]
}

#[tokio::test]
async fn doctor_says_what_is_wrong_with_each_source_and_what_to_do() {
    let (Some(mysql), Some(postgres)) = (
        fresh("CORDBOARD_TEST_MARIADB").await,
        fresh("CORDBOARD_TEST_POSTGRES").await,
    ) else {
        return;
    };
    let mut one = mariadb(mysql.dsn()).await;
    let good = config(mysql.dsn(), CdrSourceKind::MySql);
    let user = format!("poor_{}", good.database);
    let user = &user[..user.len().min(60)];
    for text in [
        FREEPBX.to_owned(),
        "CREATE TABLE slow (calldate datetime, src text)".to_owned(),
        "INSERT INTO cdr (calldate, src) VALUES (UTC_TIMESTAMP() + INTERVAL 2 HOUR, '2001')"
            .to_owned(),
        format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'a word'"),
    ] {
        one.execute(sqlx::AssertSqlSafe(text)).await.unwrap();
    }
    let mut two = super::postgres(postgres.dsn()).await;
    two.execute("CREATE TABLE cdr (calldate timestamp, src text)")
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Master.csv");
    let postgres = config(postgres.dsn(), CdrSourceKind::Postgres);
    let findings = looked_at(sources(&good, &postgres, user, file)).await;

    // Its newest call is two hours from now: times of another zone.
    let good = of(&findings, "good");
    assert_eq!(good[0].verdict, Verdict::Ok, "{good:?}");
    let ahead = good.iter().find(|finding| finding.verdict != Verdict::Ok);
    let ahead = said(ahead.unwrap());
    assert!(
        ahead.contains("minutes from now") && ahead.contains("`time_zone`"),
        "{ahead}"
    );
    for (source, words) in [
        (
            "slow",
            &[
                "no index",
                "CREATE INDEX calldate ON `",
                "`.`slow` (calldate);",
            ][..],
        ),
        ("renamed", &["has no table", "set `table`", ".cdr"]),
        ("poor", &["refuses this user", "GRANT SELECT ON"]),
        (
            "postgres",
            &[
                "no index",
                "CREATE INDEX CONCURRENTLY ON \"cdr\" (calldate);",
            ],
        ),
        ("file", &["cannot be read", "Master.csv", "correct `file`"]),
    ] {
        let findings = of(&findings, source);
        let wrong = findings
            .iter()
            .find(|finding| finding.verdict != Verdict::Ok);
        let wrong = said(wrong.unwrap_or_else(|| panic!("{source}: {findings:?}")));
        for word in words {
            assert!(wrong.contains(word), "{source}: {wrong}");
        }
        assert!(!wrong.contains("a word"), "{wrong}");
    }
    // Columns that are missing are named, and nothing was made.
    let notes: Vec<String> = of(&findings, "slow").into_iter().map(said).collect();
    assert!(
        notes
            .iter()
            .any(|note| note.contains("there is no column dst")),
        "{notes:?}"
    );
    let (indexes,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'slow'",
    )
    .fetch_one(&mut one)
    .await
    .unwrap();
    assert_eq!(indexes, 0);
    let drop = format!("DROP USER '{user}'@'%'");
    one.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
}
