//! From lines to calls: who waits, who talks, and how it ended. Knows no store, and holds no more than what is open.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use model::{EndedBy, OfferResult, Outcome, OverflowReason, Timestamp};

use super::entry::{Entry, Event};

/// The most calls that are open at a time; the one that entered first is given up for another.
const MAX_OPEN: usize = 50_000;
/// The most offers that are kept of a call: of a queue whose phones are all gone, there can be one every second.
const MAX_RINGS: usize = 200;
/// The most dialled numbers that wait for their call.
const MAX_DIALLED: usize = 10_000;
/// How far a duration of the log and the time between its lines may be apart before its clock has jumped.
const TOLERANCE: Duration = Duration::from_secs(2);
/// The longest duration that is believed.
const MAX_SECONDS: u64 = 30 * 86_400;

/// A call that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) key: Key,
    pub(super) caller: String,
    pub(super) dialled: String,
    pub(super) answered: Option<Answered>,
    pub(super) ended_at: Timestamp,
    /// It is known when it ended: Asterisk did not stop before.
    pub(super) is_seen: bool,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<OverflowReason>,
    pub(super) ended_by: EndedBy,
    pub(super) rings: Vec<Ring>,
}

/// What tells a call from every other of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) channel: String,
    pub(super) queue: String,
    pub(super) entered_at: Timestamp,
    /// How often the channel had entered that queue in that very moment before.
    pub(super) repeat: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) agent: String,
    pub(super) at: Timestamp,
}

/// An offer to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ring {
    pub(super) agent: String,
    pub(super) ended_at: Timestamp,
    pub(super) length: Duration,
    pub(super) result: OfferResult,
}

/// What became of a line that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Taken,
    Ignored(&'static str),
}

#[derive(Debug)]
struct Open {
    /// Of its `ENTERQUEUE`.
    line: u64,
    key: Key,
    caller: String,
    dialled: String,
    answered: Option<Answered>,
    rings: Vec<Ring>,
}

/// The calls of one server.
#[derive(Debug, Default)]
pub(super) struct Calls {
    open: HashMap<String, Open>,
    /// The same by their lines, the first first.
    by_line: BTreeMap<u64, String>,
    dialled: HashMap<String, String>,
    /// The latest calls that ended, as long as the log's clock shows the same moment.
    just_ended: Vec<Key>,
    /// When Asterisk last gave a sign of life.
    last_at: Option<Timestamp>,
    finished: Vec<Past>,
    unfinished: u64,
    rings_left_out: u64,
}

impl Calls {
    pub(super) fn take(&mut self, line: u64, entry: &Entry<'_>) -> Result<Verdict, &'static str> {
        let verdict = match entry.event {
            Event::Ignored(why) => Ok(Verdict::Ignored(why)),
            Event::Started => {
                self.lost();
                Ok(Verdict::Taken)
            }
            _ if matches!(&*entry.call, "" | "NONE" | "REALTIME" | "MANAGER") => {
                Err("names no call")
            }
            Event::Entered => self.entered(line, entry),
            Event::Dialled => Ok(self.dialled(entry)),
            Event::NotLetIn(reason) => Ok(self.not_let_in(line, entry, reason)),
            _ => self.of_open(entry),
        };
        if verdict.is_ok() {
            self.last_at = self.last_at.max(Some(entry.at));
        }
        verdict
    }

    /// The calls that have ended since this was asked last.
    pub(super) fn finished(&mut self) -> Vec<Past> {
        std::mem::take(&mut self.finished)
    }

    /// Calls whose end was not found, those that are open included.
    pub(super) fn unfinished(&self) -> u64 {
        self.unfinished + self.open.len() as u64
    }

    /// Offers beyond the most that are kept of a call.
    pub(super) fn rings_left_out(&self) -> u64 {
        self.rings_left_out
    }

    fn entered(&mut self, line: u64, entry: &Entry<'_>) -> Result<Verdict, &'static str> {
        if entry.queue.is_empty() || entry.queue == "NONE" {
            return Err("names no queue");
        }
        if self.close(&entry.call).is_some() {
            self.unfinished += 1;
        }
        if self.open.len() >= MAX_OPEN
            && let Some((_, channel)) = self.by_line.pop_first()
        {
            self.open.remove(&channel);
            self.unfinished += 1;
        }
        let open = self.opened(line, entry);
        self.by_line.insert(line, open.key.channel.clone());
        self.open.insert(open.key.channel.clone(), open);
        Ok(Verdict::Taken)
    }

    fn opened(&mut self, line: u64, entry: &Entry<'_>) -> Open {
        let channel = entry.call.to_string();
        self.just_ended.retain(|key| key.entered_at == entry.at);
        let same = |key: &&Key| key.channel == channel && key.queue == *entry.queue;
        let repeat = self.just_ended.iter().filter(same).count();
        Open {
            line,
            caller: entry.data[1].to_string(),
            dialled: self.dialled.remove(&channel).unwrap_or_default(),
            key: Key {
                channel,
                queue: entry.queue.to_string(),
                entered_at: entry.at,
                repeat: u32::try_from(repeat).unwrap_or(u32::MAX),
            },
            answered: None,
            rings: Vec::new(),
        }
    }

    fn dialled(&mut self, entry: &Entry<'_>) -> Verdict {
        let number = entry.data[0].to_string();
        if let Some(open) = self.open.get_mut(&*entry.call) {
            open.dialled = number;
        } else {
            if self.dialled.len() >= MAX_DIALLED {
                self.dialled.clear();
            }
            self.dialled.insert(entry.call.to_string(), number);
        }
        Verdict::Taken
    }

    /// The dialplan goes on with a caller who was never in line.
    fn not_let_in(&mut self, line: u64, entry: &Entry<'_>, reason: OverflowReason) -> Verdict {
        let mut open = self.opened(line, entry);
        open.caller.clear();
        self.finish(open, entry.at, Outcome::Overflowed, EndedBy::System);
        if let Some(past) = self.finished.last_mut() {
            past.reason = Some(reason);
        }
        Verdict::Taken
    }

    /// Something that happens to a call that is there.
    fn of_open(&mut self, entry: &Entry<'_>) -> Result<Verdict, &'static str> {
        let Some(open) = self.open.get_mut(&*entry.call) else {
            return Err("is of a call whose ENTERQUEUE is not above, or that has ended");
        };
        if open.key.queue != entry.queue {
            return Err("is of another queue than the call is in");
        }
        match entry.event {
            Event::RangOut | Event::CallerGaveUp | Event::Dumped => {
                let ring = ring(entry);
                if open.rings.len() < MAX_RINGS {
                    open.rings.push(ring);
                } else {
                    self.rings_left_out += 1;
                }
            }
            Event::Connected => {
                if open.answered.is_some() {
                    return Err("is of a call that an agent has already");
                }
                let waited = seconds(&entry.data[0]);
                open.answer(entry, moved(open.key.entered_at, entry.at, waited));
            }
            Event::Completed(by) => return self.talked(entry, seconds(&entry.data[1]), by),
            Event::Transferred => {
                return self.talked(entry, seconds(&entry.data[3]), EndedBy::Agent);
            }
            Event::Abandoned => return self.left(entry, Outcome::Abandoned, EndedBy::Caller, None),
            Event::Left(reason) => {
                return self.left(entry, Outcome::Overflowed, EndedBy::System, reason);
            }
            Event::LeftByKey => {
                let reason = Some(OverflowReason::KeyPressed);
                return self.left(entry, Outcome::Overflowed, EndedBy::Caller, reason);
            }
            Event::Entered
            | Event::NotLetIn(_)
            | Event::Dialled
            | Event::Started
            | Event::Ignored(_) => {}
        }
        Ok(Verdict::Taken)
    }

    fn talked(
        &mut self,
        entry: &Entry<'_>,
        talk: Option<Duration>,
        by: EndedBy,
    ) -> Result<Verdict, &'static str> {
        let answered = self.open.get(&*entry.call);
        let Some(since) = answered.and_then(|open| open.answered.as_ref().map(|it| it.at)) else {
            return Err("is of a call whose CONNECT is not above");
        };
        if let Some(open) = self.close(&entry.call) {
            self.finish(open, moved(since, entry.at, talk), Outcome::Answered, by);
        }
        Ok(Verdict::Taken)
    }

    fn left(
        &mut self,
        entry: &Entry<'_>,
        outcome: Outcome,
        by: EndedBy,
        reason: Option<OverflowReason>,
    ) -> Result<Verdict, &'static str> {
        let talks = |open: &Open| open.answered.is_some();
        if self.open.get(&*entry.call).is_some_and(talks) {
            return Err("is of a call that an agent has already");
        }
        if let Some(open) = self.close(&entry.call) {
            // A caller who leaves by a key has that key before the rest.
            let waited = if entry.event == Event::LeftByKey {
                3
            } else {
                2
            };
            let waited = seconds(&entry.data[waited]);
            let ended_at = moved(open.key.entered_at, entry.at, waited);
            self.finish(open, ended_at, outcome, by);
            if let Some(past) = self.finished.last_mut() {
                past.reason = reason;
            }
        }
        Ok(Verdict::Taken)
    }

    /// Asterisk stopped, and with it all calls: nobody wrote down when.
    fn lost(&mut self) {
        let last_at = self.last_at.unwrap_or_default();
        for channel in std::mem::take(&mut self.by_line).into_values() {
            let Some(open) = self.open.remove(&channel) else {
                continue;
            };
            let since = open.answered.as_ref().map(|it| it.at);
            let (since, outcome) = match since {
                Some(since) => (since, Outcome::Answered),
                None => (open.key.entered_at, Outcome::Failed),
            };
            self.finish(open, last_at.max(since), outcome, EndedBy::System);
            if let Some(past) = self.finished.last_mut() {
                past.is_seen = false;
            }
        }
    }

    fn close(&mut self, channel: &str) -> Option<Open> {
        let open = self.open.remove(channel)?;
        self.by_line.remove(&open.line);
        Some(open)
    }

    fn finish(&mut self, open: Open, ended_at: Timestamp, outcome: Outcome, ended_by: EndedBy) {
        self.just_ended.push(open.key.clone());
        self.finished.push(Past {
            key: open.key,
            caller: open.caller,
            dialled: open.dialled,
            answered: open.answered,
            ended_at,
            is_seen: true,
            outcome,
            reason: None,
            ended_by,
            rings: open.rings,
        });
    }
}

impl Open {
    fn answer(&mut self, entry: &Entry<'_>, at: Timestamp) {
        let agent = entry.agent.to_string();
        self.rings.push(Ring {
            agent: agent.clone(),
            ended_at: at,
            length: seconds(&entry.data[2]).unwrap_or_default(),
            result: OfferResult::Answered,
        });
        self.answered = Some(Answered { agent, at });
    }
}

fn ring(entry: &Entry<'_>) -> Ring {
    let millis: Option<u64> = entry.data[0].parse().ok();
    let length = millis.map(Duration::from_millis).unwrap_or_default();
    let length = length.min(Duration::from_secs(MAX_SECONDS));
    let result = match entry.event {
        Event::Dumped => OfferResult::Declined,
        Event::CallerGaveUp => OfferResult::CallerGone,
        // A phone that did not ring at all was busy or not there.
        _ if length.is_zero() => OfferResult::Unreachable,
        _ => OfferResult::Missed,
    };
    Ring {
        agent: entry.agent.to_string(),
        ended_at: entry.at,
        length,
        result,
    }
}

/// A duration of the log, if it can be one.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: u64 = text.parse().ok()?;
    (seconds <= MAX_SECONDS).then(|| Duration::from_secs(seconds))
}

/// When a stretch that began at `since` ended: by the line's own time, or by the duration it says where both disagree.
fn moved(since: Timestamp, at: Timestamp, said: Option<Duration>) -> Timestamp {
    let at = at.max(since);
    match said {
        Some(said) if at.since(since).abs_diff(said) > TOLERANCE => since.after(said),
        _ => at,
    }
}
