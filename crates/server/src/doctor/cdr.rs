//! Sources of call detail records: can they be read, without pain for those who write them, and do their clocks agree?

use std::time::Duration;

use jiff::Timestamp;
use store::Store;

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

pub(super) async fn examine(config: &Config, store: Option<&Store>) -> Vec<Finding> {
    let mut findings = Vec::from_iter(counted_twice(&config.cdr_source));
    for source in &config.cdr_source {
        let subject = format!("call records {}", source.name);
        let now = Timestamp::now().as_second();
        let look = look_at(source, &config.statistics.time_zone, now, store);
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

/// Which Asterisk wrote a source is not known here.
fn counted_twice(sources: &[CdrSourceConfig]) -> Option<Finding> {
    let (own, others): (Vec<&CdrSourceConfig>, Vec<_>) = sources
        .iter()
        .partition(|source| source.kind == CdrSourceKind::Own);
    let own = own.first().filter(|_| !others.is_empty())?;
    let others: Vec<&str> = others.iter().map(|source| &*source.name).collect();
    let what = format!(
        "our own log is counted beside {}: a call that stands in both counts twice",
        others.join(", ")
    );
    Some(
        Finding::warning(format!("call records {}", own.name), what)
            .because("the Asterisk that gives us calls writes call detail records of them as well")
            .remedy("remove the [[cdr_source]] with `kind = \"own\"`, unless the others are of Asterisks that give us no calls"),
    )
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
        CdrSourceKind::Own => "our own log".to_owned(),
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
    if source.kind == CdrSourceKind::Own {
        return finding.remedy("see what is said of the database");
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn source(name: &str, kind: CdrSourceKind) -> CdrSourceConfig {
        CdrSourceConfig {
            name: name.to_owned(),
            kind,
            ..CdrSourceConfig::default()
        }
    }

    #[test]
    fn a_clock_that_goes_wrong_is_told() {
        let source = source("pbx1", CdrSourceKind::MySql);
        let told = |seconds_ahead| {
            let seen = Seen {
                seconds_ahead,
                ..Seen::default()
            };
            let findings = told("call records pbx1", &source, seen, 1_795_222_036).into_iter();
            let wrong = findings.filter(|finding| finding.verdict != Verdict::Ok);
            wrong.map(|finding| finding.what).collect::<Vec<_>>()
        };
        assert_eq!(told(Some(61)), ["its clock is 61 s ahead of ours"]);
        assert_eq!(told(Some(-3_600)), ["its clock is 3600 s behind ours"]);
        for right in [None, Some(60), Some(-60)] {
            assert!(told(right).is_empty(), "{right:?}");
        }
    }

    #[test]
    fn calls_that_may_count_twice_are_told() {
        let (own, other) = (
            source("own", CdrSourceKind::Own),
            source("pbx1", CdrSourceKind::Csv),
        );
        let told = counted_twice(&[other.clone(), own.clone()]);
        assert!(told.is_some_and(|finding| {
            finding.verdict == Verdict::Warning && finding.what.contains("beside pbx1")
        }));
        assert_eq!(counted_twice(&[own]), None);
        assert_eq!(counted_twice(&[other]), None);
    }
}
