//! `cordboard doctor`

use std::fmt::Write as _;

use serde_json::json;
use server::{
    config::Config,
    doctor::{self, Finding, Verdict},
};

use crate::{
    failure::{Code, Failure},
    output::Output,
    setting::Global,
};

pub(super) async fn run(global: &Global, output: &Output) -> anyhow::Result<()> {
    let findings = match Config::load(&global.sources(&mut Vec::new())) {
        Ok(config) => {
            let file = config.file().map(|file| file.display().to_string());
            let what = file.map_or("there is no file; the defaults hold".to_owned(), |file| {
                format!("{file} is right")
            });
            let mut findings = vec![Finding {
                subject: "configuration".to_owned(),
                verdict: Verdict::Ok,
                what,
                why: None,
                remedy: None,
            }];
            findings.extend(doctor::examine(&config).await);
            findings
        }
        Err(error) => vec![Finding {
            subject: "configuration".to_owned(),
            verdict: Verdict::Problem,
            what: "is wrong; nothing else was looked at".to_owned(),
            why: Some(error.to_string()),
            remedy: Some("put this right; all keys stand in docs/OPERATIONS.md".to_owned()),
        }],
    };
    told(&findings, output)
}

/// Says what was found; a problem is a failure.
pub(super) fn told(findings: &[Finding], output: &Output) -> anyhow::Result<()> {
    let problems = count(findings, Verdict::Problem);
    output.answer(
        &json!({ "ok": problems == 0, "findings": findings }),
        || text(findings),
    )?;
    if problems > 0 {
        return Err(Failure::told(Code::Failed).into());
    }
    Ok(())
}

fn count(findings: &[Finding], verdict: Verdict) -> usize {
    findings
        .iter()
        .filter(|finding| finding.verdict == verdict)
        .count()
}

fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let mark = match finding.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "PROBLEM",
        };
        let _ = writeln!(text, "{mark:<8} {}: {}", finding.subject, finding.what);
        for (label, more) in [("why", &finding.why), ("do", &finding.remedy)] {
            if let Some(more) = more {
                let _ = writeln!(
                    text,
                    "         {label}: {}",
                    more.replace('\n', "\n              ")
                );
            }
        }
    }
    let problems = count(findings, Verdict::Problem);
    let warnings = count(findings, Verdict::Warning);
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let _ = match (problems, warnings) {
        (0, 0) => writeln!(text, "\nNothing is wrong."),
        _ => writeln!(
            text,
            "\n{problems} problem{}, {warnings} warning{}.",
            plural(problems),
            plural(warnings)
        ),
    };
    text
}
