//! What one line says, before anybody asks what came before it.
//!
//! The fields of each event are those of Asterisk's documentation ("Queue Logs").

use std::borrow::Cow;

use jiff::{civil::DateTime, tz::TimeZone};
use model::{EndedBy, OverflowReason, Timestamp};

/// 2000-01-01: there was no `queue_log` before.
const FIRST_SECOND: i64 = 946_684_800;
/// The most fields of a line that are looked at.
const MAX_FIELDS: usize = 32;
/// The fields behind an event.
pub(super) const DATA: usize = 5;
/// The longest name of an event.
const MAX_EVENT: usize = 40;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'a> {
    pub(super) at: Timestamp,
    /// The caller's channel (Asterisk's unique id), or a word such as `NONE`.
    pub(super) call: Cow<'a, str>,
    pub(super) queue: Cow<'a, str>,
    pub(super) agent: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) event: Event,
    pub(super) data: [Cow<'a, str>; DATA],
}

/// What an event is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// url, caller's number, position.
    Entered,
    /// wait, the agent's channel, ringing (all in seconds).
    Connected,
    /// wait, talk.
    Completed(EndedBy),
    /// extension, context, wait, talk; of an attended one: method, its data, wait, talk.
    Transferred,
    /// position, first position, wait.
    Abandoned,
    /// The same.
    Left(Option<OverflowReason>),
    /// position, first position, wait, or the key before them.
    LeftByKey,
    NotLetIn(OverflowReason),
    /// Ringing in milliseconds.
    RangOut,
    /// The same.
    CallerGaveUp,
    /// The agent hung up while the announcement was played.
    Dumped,
    /// The dialled number, as `FreePBX` writes it.
    Dialled,
    /// Asterisk started: what was, is no more.
    Started,
    /// Not taken: the reason.
    Ignored(&'static str),
}

const STATES: &str = "what agents did between calls is not kept";
const SETUP: &str = "says nothing of a call";
const UNKNOWN: &str = "is not known";

const EVENTS: &[(&str, Event)] = &[
    ("ENTERQUEUE", Event::Entered),
    ("CONNECT", Event::Connected),
    ("COMPLETEAGENT", Event::Completed(EndedBy::Agent)),
    ("COMPLETECALLER", Event::Completed(EndedBy::Caller)),
    ("TRANSFER", Event::Transferred),
    ("BLINDTRANSFER", Event::Transferred),
    ("ATTENDEDTRANSFER", Event::Transferred),
    ("ABANDON", Event::Abandoned),
    (
        "EXITWITHTIMEOUT",
        Event::Left(Some(OverflowReason::MaxWait)),
    ),
    ("EXITEMPTY", Event::Left(Some(OverflowReason::NoAgents))),
    ("EXITWITHKEY", Event::LeftByKey),
    ("JOINEMPTY", Event::NotLetIn(OverflowReason::NoAgents)),
    ("JOINUNAVAIL", Event::NotLetIn(OverflowReason::NoAgents)),
    ("FULL", Event::NotLetIn(OverflowReason::QueueFull)),
    ("RINGNOANSWER", Event::RangOut),
    ("RINGCANCELED", Event::CallerGaveUp),
    ("AGENTDUMP", Event::Dumped),
    ("DID", Event::Dialled),
    ("QUEUESTART", Event::Started),
    ("ADDMEMBER", Event::Ignored(STATES)),
    ("REMOVEMEMBER", Event::Ignored(STATES)),
    ("PAUSE", Event::Ignored(STATES)),
    ("UNPAUSE", Event::Ignored(STATES)),
    ("PAUSEALL", Event::Ignored(STATES)),
    ("UNPAUSEALL", Event::Ignored(STATES)),
    ("AGENTLOGIN", Event::Ignored(STATES)),
    ("AGENTLOGOFF", Event::Ignored(STATES)),
    ("AGENTCALLBACKLOGIN", Event::Ignored(STATES)),
    ("AGENTCALLBACKLOGOFF", Event::Ignored(STATES)),
    ("PENALTY", Event::Ignored(SETUP)),
    ("CONFIGRELOAD", Event::Ignored(SETUP)),
    ("SYSCOMPAT", Event::Ignored(SETUP)),
    ("INFO", Event::Ignored(SETUP)),
];

fn known(name: &str) -> Option<Event> {
    let found = EVENTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, event)| *event)
}

/// A word such as events are, so that a line that was cut is not taken for an event that we do not know.
fn is_word(text: &str) -> bool {
    (1..=MAX_EVENT).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// A line of the file. The names of members may have pipes: an event that is known says where they end.
pub(super) fn piped(line: &str, latest: Timestamp) -> Result<Entry<'_>, String> {
    let fields: Vec<&str> = line.splitn(MAX_FIELDS, '|').map(str::trim).collect();
    let [time, call, queue, _, _, ..] = fields[..] else {
        return Err("is cut: it has no event".to_owned());
    };
    let at = second(time, latest)?;
    let behind = &fields[4..];
    let found = behind
        .iter()
        .position(|field| known(field).is_some())
        .or_else(|| is_word(behind[0]).then_some(0))
        .ok_or("has no event where one is expected")?;
    let agent: Cow<'_, str> = match found {
        0 => fields[3].into(),
        _ => fields[3..4 + found].join("|").into(),
    };
    let name = behind[found];
    let data = &behind[found + 1..];
    Ok(Entry {
        at,
        call: call.into(),
        queue: queue.into(),
        agent,
        name: name.into(),
        event: known(name).unwrap_or(Event::Ignored(UNKNOWN)),
        data: std::array::from_fn(|at| data.get(at).copied().unwrap_or_default().into()),
    })
}

fn second(text: &str, latest: Timestamp) -> Result<Timestamp, String> {
    let seconds: i64 = text
        .parse()
        .map_err(|_| "has no time where one is expected")?;
    let micros = seconds.checked_mul(1_000_000).unwrap_or(i64::MAX);
    bounded(Timestamp::from_micros(micros), latest)
}

fn bounded(at: Timestamp, latest: Timestamp) -> Result<Timestamp, String> {
    if at < Timestamp::from_micros(FIRST_SECOND * 1_000_000) || at > latest {
        return Err("has a time before 2000 or in the future".to_owned());
    }
    Ok(at)
}

/// The columns of a realtime table, as a CSV dump has them in its first row.
#[derive(Debug)]
pub(super) struct Columns {
    count: usize,
    at: [usize; 5],
    /// `data1` to `data5`; older tables have all in `data`.
    data: [Option<usize>; DATA],
    together: Option<usize>,
}

impl Columns {
    /// Nothing where the row is no header of a `queue_log` table.
    pub(super) fn among(header: &[String]) -> Option<Self> {
        let at = |names: &[&str]| {
            header
                .iter()
                .position(|name| names.contains(&name.as_str()))
        };
        Some(Self {
            count: header.len(),
            at: [
                at(&["time"])?,
                at(&["callid"])?,
                at(&["queuename", "queue"])?,
                at(&["agent"])?,
                at(&["event"])?,
            ],
            data: ["data1", "data2", "data3", "data4", "data5"].map(|name| at(&[name])),
            together: at(&["data"]),
        })
    }

    /// A row of such a dump; `zone` is the database's.
    pub(super) fn entry<'a>(
        &self,
        cells: &'a [Cow<'a, str>],
        zone: &TimeZone,
        latest: Timestamp,
    ) -> Result<Entry<'a>, String> {
        if cells.len() != self.count {
            let (has, wants) = (cells.len(), self.count);
            return Err(format!("has {has} cells, the header has {wants}"));
        }
        let text = |at: usize| -> Cow<'a, str> { said(&cells[at]).into() };
        let [time, call, queue, agent, name] = self.at;
        let name = text(name);
        if !is_word(&name) {
            return Err("has no event where one is expected".to_owned());
        }
        let mut data = self.data.map(|at| at.map(text).unwrap_or_default());
        if let Some(together) = self.together
            && data.iter().all(|field| field.is_empty())
        {
            for (field, part) in data.iter_mut().zip(said(&cells[together]).split('|')) {
                *field = part.into();
            }
        }
        Ok(Entry {
            at: moment(said(&cells[time]), zone, latest)?,
            call: text(call),
            queue: text(queue),
            agent: text(agent),
            event: known(&name).unwrap_or(Event::Ignored(UNKNOWN)),
            name,
            data,
        })
    }
}

/// Databases write their NULL in these ways.
fn said(cell: &str) -> &str {
    match cell.trim() {
        "NULL" | "\\N" => "",
        text => text,
    }
}

/// A time of a table: seconds since 1970, or the date and time that the database's clock showed.
fn moment(text: &str, zone: &TimeZone, latest: Timestamp) -> Result<Timestamp, String> {
    let fractional = || {
        let (seconds, micros) = text.split_once('.')?;
        let micros: i64 = format!("{micros:0<6}").get(..6)?.parse().ok()?;
        let seconds = seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?;
        Some(Timestamp::from_micros(seconds.checked_add(micros)?))
    };
    if let Ok(shown) = text.parse::<DateTime>() {
        let at = zone.to_ambiguous_timestamp(shown).compatible();
        return bounded(at.map_err(|error| error.to_string())?.into(), latest);
    }
    match fractional() {
        Some(at) => bounded(at, latest),
        None => second(text, latest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latest() -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000)
    }

    fn why(line: &str) -> String {
        piped(line, latest()).expect_err("it is refused")
    }

    #[test]
    fn a_line_is_read_field_by_field() {
        let line = "1366720340|1366720340.303267|sales|PJSIP/101|RINGNOANSWER|1000";
        let entry = piped(line, latest()).expect("it is one");
        assert_eq!(entry.at.to_string(), "2013-04-23T12:32:20.000000Z");
        assert_eq!(
            (&*entry.call, &*entry.queue),
            ("1366720340.303267", "sales")
        );
        assert_eq!((&*entry.agent, entry.event), ("PJSIP/101", Event::RangOut));
        assert_eq!(entry.data.map(|it| it.len()), [4, 0, 0, 0, 0]);
    }

    #[test]
    fn a_name_may_have_pipes() {
        let line = "1366720340|1.1|sales|Zoe | Example|CONNECT|3|1.2|2";
        let entry = piped(line, latest()).expect("it is one");
        assert_eq!(
            (&*entry.agent, entry.event),
            ("Zoe|Example", Event::Connected)
        );
        assert_eq!(entry.data[2], "2");
    }

    #[test]
    fn what_is_no_line_says_why() {
        for (line, expected) in [
            ("", "is cut"),
            ("1366720340|1.1|sales|NONE", "is cut"),
            ("x|1.1|sales|NONE|ABANDON", "has no time"),
            ("-5|1.1|sales|NONE|ABANDON", "has a time before"),
            (
                "99999999999999999|1.1|sales|NONE|ABANDON",
                "has a time before",
            ),
            (
                "9999999999999999999999|1.1|sales|NONE|ABANDON",
                "has no time",
            ),
            ("1366720340|1.1|sales|NONE|abandon|1", "has no event"),
            ("1366720340|1.1|sales|NONE||1", "has no event"),
        ] {
            assert!(why(line).starts_with(expected), "{line}: {}", why(line));
        }
        let strange = piped("1366720340|1.1|sales|NONE|MYEVENT|1", latest());
        assert_eq!(strange.expect("a word").event, Event::Ignored(UNKNOWN));
    }

    #[test]
    fn a_table_has_its_time_by_the_clock_of_its_database() {
        let zone = TimeZone::get("Europe/Bratislava").expect("a zone");
        let at = |text: &str| moment(text, &zone, latest()).map(|at| at.to_string());
        let expected = Ok("2026-11-21T13:30:00.250000Z".to_owned());
        for text in ["2026-11-21 14:30:00.25", "1795267800.25"] {
            assert_eq!(at(text), expected, "{text}");
        }
        for bad in [
            "",
            "2026-02-30 10:00:00",
            "1e9",
            "2126-01-01 00:00:00",
            "1.x",
        ] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
