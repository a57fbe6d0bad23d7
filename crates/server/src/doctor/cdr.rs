//! Sources of call detail records: can they be read, without pain for those who write them, and do their clocks agree?

use std::time::Duration;

use jiff::Timestamp;

use super::Finding;
use crate::{
    cdr::{Seen, look_at},
    config::{CdrSourceConfig, CdrSourceKind, Config},
};

/// The longest look at one source.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Clocks may differ by so many seconds.
const MAX_SKEW: i64 = 60;
/// A call that begins so many seconds from now is in another time zone.
const MAX_AHEAD: i64 = 15 * 60;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &config.cdr_source {
        let subject = format!("call records {}", source.name);
        let now = Timestamp::now().as_second();
        let look = look_at(source, &config.statistics.time_zone, now);
        match tokio::time::timeout(TIMEOUT, look).await {
            Ok(seen) => findings.extend(told(&subject, source, seen, now)),
            Err(_) => findings.push(
                Finding::problem(subject, "nothing came back within 30 s")
                    .remedy("look at that server's load, and at the index on calldate"),
            ),
        }
    }
    findings
}

fn told(subject: &str, source: &CdrSourceConfig, seen: Seen, now: i64) -> Vec<Finding> {
    if let Some(trouble) = &seen.trouble {
        return vec![unreadable(subject, source, trouble, &seen.elsewhere)];
    }
    let place = match source.kind {
        CdrSourceKind::Csv => source
            .file
            .clone()
            .unwrap_or_default()
            .display()
            .to_string(),
        _ => format!("{} on {}", source.table, source.host),
    };
    let mut findings = vec![Finding::ok(subject, format!("{place} can be read"))];
    if let Some(statement) = seen.missing_index {
        let what = "there is no index that begins with the time of a call";
        findings.push(
            Finding::warning(subject, what)
                .because("every look reads the whole table, which the telephone server feels")
                .remedy(format!("on that database: {statement}")),
        );
    }
    if let Some(ahead) = seen.seconds_ahead.filter(|ahead| ahead.abs() > MAX_SKEW) {
        let (by, than) = (ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
        findings.push(
            Finding::warning(subject, format!("its clock is {by} s {than} ours"))
                .because("calls would stand at other times than they were")
                .remedy("let both machines follow NTP"),
        );
    }
    if let Some(newest) = seen.newest.filter(|newest| *newest > now + MAX_AHEAD) {
        let minutes = (newest - now) / 60;
        findings.push(
            Finding::warning(
                subject,
                format!("its newest call is {minutes} minutes from now"),
            )
            .because(
                "its times are of another zone than it is configured with, or its clock was wrong",
            )
            .remedy("set `time_zone` in its [[cdr_source]] to the zone that Asterisk writes in"),
        );
    }
    findings.extend(
        seen.notes
            .into_iter()
            .map(|note| Finding::ok(subject, note)),
    );
    findings
}

fn unreadable(
    subject: &str,
    source: &CdrSourceConfig,
    trouble: &str,
    elsewhere: &[String],
) -> Finding {
    let finding = Finding::problem(subject, "cannot be read").because(trouble);
    if source.kind == CdrSourceKind::Csv {
        return finding.remedy(
            "correct `file` in its [[cdr_source]], or give the server the right to read it",
        );
    }
    if !elsewhere.is_empty() {
        let tables = elsewhere.join(", ");
        return finding.remedy(format!(
            "set `table` in its [[cdr_source]]; these have a calldate: {tables}"
        ));
    }
    let CdrSourceConfig {
        user,
        table,
        database,
        ..
    } = source;
    let table = if table.contains('.') {
        table.clone()
    } else {
        format!("{database}.{table}")
    };
    finding.remedy(match source.kind {
        CdrSourceKind::Postgres => format!("start it, correct `host`, `port`, `user`, `password` in its [[cdr_source]], or there: GRANT SELECT ON {} TO {user};", source.table),
        _ => format!("start it, correct `host`, `port`, `user`, `password` in its [[cdr_source]], or there: GRANT SELECT ON {table} TO '{user}';"),
    })
}
