//! The page as HTML. Every value that is not a constant of this file is escaped.

use std::fmt::{self, Display, Write as _};

use engine::callerid::Restored;
use model::{CallerIdUse, CampaignUse, Timestamp, UseEnd};

use super::{Dashboard, RecentNumber};
use crate::api::health::{Dependency, Status};

const STYLE: &str = include_str!("dashboard.css");

/// Text from elsewhere, within an element or a quoted attribute.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// A table's cell.
enum Cell<'a> {
    Text(&'a str),
    /// A phone number, a count, a time: in figures of one width.
    Figure(String),
    /// A word with a colour of its own.
    Mark(&'static str, &'static str),
    Nothing,
}

impl Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "<td>{}", Escaped(text)),
            Self::Figure(text) => write!(f, "<td class=n>{}", Escaped(text)),
            Self::Mark(class, word) => write!(f, "<td><b class={class}>{word}</b>"),
            Self::Nothing => f.write_str("<td class=none>–"),
        }
    }
}

pub(super) fn render(dashboard: &Dashboard) -> String {
    let mut page = String::new();
    let _ = write!(
        page,
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Caller IDs · Cordboard</title>\
         <meta name=viewport content=\"width=device-width\"><meta http-equiv=refresh content=30>\
         <style>{STYLE}</style></head><body><header><h1>Caller IDs</h1><p>{} UTC, made anew every 30 s</p>\
         <a href=/>Cordboard</a></header><main>",
        time(dashboard.at)
    );
    totals(&mut page, dashboard);
    health(&mut page, dashboard);
    let now = dashboard.at;
    let rows = dashboard
        .reservations
        .iter()
        .map(|one| reservation(one, now));
    let heads = [
        "Number",
        "Person",
        "Campaign",
        "Agent",
        "Tier",
        "Made",
        "Expires in",
    ];
    table(
        &mut page,
        "Reservations",
        "No number is reserved.",
        heads,
        rows,
    );
    let heads = [
        "Campaign",
        "Uses",
        "Calls seen",
        "Answered",
        "Answer rate",
        "Persons",
        "Numbers",
    ];
    let rows = dashboard.campaigns.iter().map(campaign);
    table(
        &mut page,
        "Campaigns, last 24 hours",
        "No number was used.",
        heads,
        rows,
    );
    let heads = [
        "Number",
        "Carrier",
        "Area",
        "State",
        "This hour",
        "Today",
        "Last used",
    ];
    let rows = dashboard.numbers.iter().map(number);
    table(
        &mut page,
        "Numbers used last",
        "No number was used yet.",
        heads,
        rows,
    );
    let heads = [
        "Time", "Number", "Person", "Campaign", "Agent", "End", "Talk",
    ];
    let rows = dashboard.uses.iter().map(used);
    table(&mut page, "Log", "No number was used yet.", heads, rows);
    page.push_str("</main></body></html>");
    page
}

fn totals(page: &mut String, dashboard: &Dashboard) {
    let figures = &dashboard.figures;
    let average = format!("{:.2} ms", figures.avg_response_time_ms);
    page.push_str("<dl class=totals>");
    for (name, value) in [
        ("Numbers", figures.total_caller_ids.to_string()),
        ("Active", figures.active_caller_ids.to_string()),
        ("Available now", figures.numbers.available.to_string()),
        ("Capped", figures.numbers.capped.to_string()),
        ("Resting", figures.numbers.resting.to_string()),
        ("Reservations", figures.active_reservations.to_string()),
        ("Asked, last hour", figures.requests_last_hour.to_string()),
        ("Time to answer", average),
    ] {
        let _ = write!(page, "<div><dt>{name}<dd>{value}</div>");
    }
    page.push_str("</dl>");
}

fn health(page: &mut String, dashboard: &Dashboard) {
    page.push_str("<section><h2>Health</h2><ul class=health>");
    for Dependency {
        name,
        status,
        reason,
    } in &dashboard.health.dependencies
    {
        let (class, word) = match status {
            Status::Ok => ("good", "ok"),
            Status::Degraded => ("bad", "degraded"),
        };
        let _ = write!(page, "<li>{} <b class={class}>{word}</b>", Escaped(name));
        if let Some(reason) = reason {
            let _ = write!(page, " {}", Escaped(reason));
        }
    }
    page.push_str("</ul></section>");
}

fn table<'a>(
    page: &mut String,
    title: &str,
    when_empty: &str,
    heads: [&str; 7],
    rows: impl ExactSizeIterator<Item = [Cell<'a>; 7]>,
) {
    let _ = write!(
        page,
        "<section><h2>{title} <small>{}</small></h2>",
        rows.len()
    );
    if rows.len() == 0 {
        let _ = write!(page, "<p class=none>{when_empty}</p></section>");
        return;
    }
    // Wider than a small screen: it scrolls by itself, and by the keyboard.
    let _ = write!(
        page,
        "<div class=wide tabindex=0 role=region aria-label=\"{title}\"><table><thead><tr>"
    );
    for head in heads {
        let _ = write!(page, "<th scope=col>{head}");
    }
    page.push_str("</thead><tbody>");
    for row in rows {
        page.push_str("<tr>");
        for cell in row {
            let _ = write!(page, "{cell}");
        }
    }
    page.push_str("</tbody></table></div></section>");
}

fn reservation(made: &Restored, now: Timestamp) -> [Cell<'_>; 7] {
    let left = made.expires_at.since(now).as_secs();
    [
        Cell::Figure(made.number.to_string()),
        Cell::Figure(made.to.to_string()),
        text(&made.campaign),
        text(&made.agent),
        Cell::Figure(made.tier.name().replace('_', " ")),
        Cell::Figure(time(made.made_at)),
        Cell::Figure(format!("{left} s")),
    ]
}

fn campaign(one: &CampaignUse) -> [Cell<'_>; 7] {
    let counts = &one.counts;
    // Of the calls that were seen to end; most end without that where a dialplan tells nothing and no server is watched.
    let rate = match counts.attempts {
        0 => Cell::Nothing,
        attempts => Cell::Figure(format!("{} %", counts.answers * 100 / attempts)),
    };
    [
        text(&one.campaign),
        Cell::Figure(counts.uses.to_string()),
        Cell::Figure(counts.attempts.to_string()),
        Cell::Figure(counts.answers.to_string()),
        rate,
        Cell::Figure(counts.destinations.to_string()),
        Cell::Figure(one.numbers.to_string()),
    ]
}

fn number(one: &RecentNumber) -> [Cell<'_>; 7] {
    let own = &one.own;
    let count = |used: Option<u32>, limit: u32| match used {
        Some(used) => Cell::Figure(format!("{used} of {limit}")),
        None => Cell::Nothing,
    };
    let state = one.doing.as_ref().map(|shown| &shown.state);
    let status = state.map(|state| state.status.name());
    [
        Cell::Figure(own.e164.to_string()),
        text(&own.carrier),
        match &own.area_code {
            Some(area) => Cell::Figure(area.clone()),
            None => Cell::Nothing,
        },
        match status {
            Some("available") => Cell::Mark("good", "available"),
            Some(word) => Cell::Mark("busy", word),
            None => Cell::Nothing,
        },
        count(state.map(|state| state.used_this_hour), own.hourly_limit),
        count(state.map(|state| state.used_today), own.daily_limit),
        Cell::Figure(time(one.last_used_at)),
    ]
}

fn used(one: &CallerIdUse) -> [Cell<'_>; 7] {
    let end = match (one.end, one.answered) {
        (None, _) => Cell::Mark("busy", "open"),
        (Some(UseEnd::CallEnded), Some(true)) => Cell::Mark("good", "answered"),
        (Some(UseEnd::CallEnded), Some(false)) => Cell::Text("not answered"),
        (Some(UseEnd::CallEnded), None) => Cell::Text("ended, unseen"),
        (Some(UseEnd::Deleted), _) => Cell::Text("given back"),
        (Some(UseEnd::TimedOut), _) => Cell::Mark("late", "timed out"),
        (Some(UseEnd::NumberRemoved), _) => Cell::Text("number removed"),
    };
    [
        Cell::Figure(time(one.made_at)),
        Cell::Figure(one.number.to_string()),
        Cell::Figure(one.to.to_string()),
        text(&one.campaign),
        text(&one.agent),
        end,
        match one.talk_ms {
            Some(talk) if talk > 0 => {
                Cell::Figure(format!("{}:{:02}", talk / 60_000, talk / 1_000 % 60))
            }
            _ => Cell::Nothing,
        },
    ]
}

fn text(text: &str) -> Cell<'_> {
    if text.is_empty() {
        Cell::Nothing
    } else {
        Cell::Text(text)
    }
}

/// UTC to the second.
fn time(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M:%S").to_string()
}
