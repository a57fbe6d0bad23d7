//! What one SIPp process logged, in order, and waiting for it. The only place where a test waits for signalling.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::Notify;

use crate::error::{LabError, Result};

/// Entries of one SIPp process. More than that is a scenario that runs in circles.
const ENTRIES: usize = 100_000;
/// Lines of SIPp's own complaints that are kept.
const COMPLAINTS: usize = 20;

/// One step of one call. Ports are those of the far end's RTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Calling,
    Offered {
        from: String,
        to: String,
        media: u16,
    },
    Ringing,
    Early {
        media: u16,
    },
    Answered {
        media: u16,
    },
    /// A re-INVITE or UPDATE was agreed to.
    Changed,
    Refused {
        status: u16,
    },
    Cancelled,
    Ended {
        by_us: bool,
    },
    /// SIPp gave the call up: the far end did what the scenario does not know.
    Aborted,
}

impl Step {
    /// After which nothing more happens in the call.
    pub(super) fn is_last(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. } | Self::Cancelled | Self::Ended { .. } | Self::Aborted
        )
    }
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) at: Instant,
    pub(super) time: SystemTime,
    pub(super) call: String,
    pub(super) step: Step,
}

#[derive(Debug, Default)]
struct Pages {
    entries: Vec<Entry>,
    complaints: Vec<String>,
    /// SIPp has ended; nothing will be added.
    closed: bool,
}

impl Pages {
    fn complain(&mut self, line: &str) {
        if !line.trim().is_empty() && self.complaints.len() < COMPLAINTS {
            self.complaints.push(line.trim().to_owned());
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    pages: Mutex<Pages>,
    changed: Notify,
}

impl Journal {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one line that SIPp wrote: an entry (`lab EVENT CALL-ID key=value…`) or a complaint.
    pub(super) fn take_line(&self, line: &str) {
        let entry = parse(line);
        let mut pages = self.pages();
        if entry
            .as_ref()
            .is_none_or(|entry| entry.step == Step::Aborted)
        {
            pages.complain(line);
        }
        match entry {
            Some(entry) if pages.entries.len() < ENTRIES => pages.entries.push(entry),
            Some(_) => pages.complain(&format!("more than {ENTRIES} entries")),
            None => {}
        }
        drop(pages);
        self.changed.notify_waiters();
    }

    /// Lets those who wait ask again, about something that is not in the journal.
    pub(super) fn wake(&self) {
        self.changed.notify_waiters();
    }

    pub(super) fn close(&self) {
        self.pages().closed = true;
        self.changed.notify_waiters();
    }

    pub(super) fn read<T>(&self, ask: impl FnOnce(&[Entry]) -> T) -> T {
        ask(&self.pages().entries)
    }

    /// Waits until `ask` has an answer. `what` names it in the error.
    pub(super) async fn wait<T>(
        &self,
        what: &str,
        limit: Duration,
        ask: impl Fn(&[Entry]) -> Option<T>,
    ) -> Result<T> {
        let answer = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                {
                    let pages = self.pages();
                    if let Some(answer) = ask(&pages.entries) {
                        return Ok(answer);
                    }
                    if pages.closed {
                        return Err(LabError::Unexpected(format!(
                            "{what} cannot happen any more: SIPp has ended{pages}"
                        )));
                    }
                }
                changed.await;
            }
        };
        tokio::time::timeout(limit, answer)
            .await
            .unwrap_or_else(|_| {
                let detail = self.pages().to_string();
                Err(LabError::Timeout {
                    what: what.to_owned(),
                    waited: limit,
                    detail,
                })
            })
    }

    /// What happened so far, for an error.
    pub(super) fn story(&self) -> String {
        self.pages().to_string()
    }
}

impl fmt::Display for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Entries that an error shows.
        const SHOWN: usize = 30;
        let skipped = self.entries.len().saturating_sub(SHOWN);
        for entry in &self.entries[skipped..] {
            write!(
                f,
                "\n  {:?} ({}, {:.1?} ago)",
                entry.step,
                entry.call,
                entry.at.elapsed()
            )?;
        }
        for complaint in &self.complaints {
            write!(f, "\n  SIPp: {complaint}")?;
        }
        Ok(())
    }
}

/// What SIPp says when something comes between two steps of its scenario; it has answered a BYE or CANCEL itself.
fn parse_abort(line: &str) -> Option<Entry> {
    let (_, story) = line.split_once("Aborting call on ")?;
    let (call, step) = if let Some((what, call)) = story.split_once(" for call: ") {
        let step = match what {
            "an unexpected BYE" => Step::Ended { by_us: false },
            "an unexpected CANCEL" => Step::Cancelled,
            _ => Step::Aborted,
        };
        (call, step)
    } else {
        let (_, call) = story.split_once("Call-Id '")?;
        let (call, rest) = call.split_once('\'')?;
        let bye = rest.contains("received 'BYE ");
        (
            call,
            if bye {
                Step::Ended { by_us: false }
            } else {
                Step::Aborted
            },
        )
    };
    Some(Entry {
        at: Instant::now(),
        time: SystemTime::now(),
        call: call.trim().to_owned(),
        step,
    })
}

fn parse(line: &str) -> Option<Entry> {
    let Some((_, line)) = line.split_once("lab ") else {
        return parse_abort(line);
    };
    let mut words = line.split_whitespace();
    let (event, call) = (words.next()?, words.next()?);
    let words: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
    let word = |name: &str| {
        words
            .iter()
            .find(|(key, _)| *key == name)
            .map_or("", |(_, value)| *value)
    };
    let media = || word("media").parse().unwrap_or(0);
    let step = match event {
        "calling" => Step::Calling,
        "offered" => Step::Offered {
            from: word("from").into(),
            to: word("to").into(),
            media: media(),
        },
        "ringing" => Step::Ringing,
        "early" => Step::Early { media: media() },
        "answered" => Step::Answered { media: media() },
        "changed" => Step::Changed,
        "refused" => Step::Refused {
            status: word("status").parse().ok()?,
        },
        "cancelled" => Step::Cancelled,
        "ended" => Step::Ended {
            by_us: word("by") == "us",
        },
        _ => return None,
    };
    Some(Entry {
        at: Instant::now(),
        time: SystemTime::now(),
        call: call.to_owned(),
        step,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_steps() {
        let step = |line: &str| parse(line).map(|entry| (entry.call, entry.step));
        let offered = Step::Offered {
            from: "101".into(),
            to: "102".into(),
            media: 4000,
        };
        assert_eq!(
            step("lab offered a@b from=101 to=102 media=4000"),
            Some(("a@b".into(), offered))
        );
        assert_eq!(
            step("lab ended x by=them"),
            Some(("x".into(), Step::Ended { by_us: false }))
        );
        let bye = "2026-01-01\t1.0: Aborting call on an unexpected BYE for call: a@b";
        assert_eq!(
            step(bye),
            Some(("a@b".into(), Step::Ended { by_us: false }))
        );
        let crossing = "Aborting call on unexpected message for Call-Id 'a@b': while sending, received 'BYE sip:";
        assert_eq!(
            step(crossing),
            Some(("a@b".into(), Step::Ended { by_us: false }))
        );
        let other = "Aborting call on unexpected message for Call-Id 'a@b': while sending, received 'SIP/2.0 200";
        assert_eq!(step(other), Some(("a@b".into(), Step::Aborted)));
        assert_eq!(step("2026-01-01 Resolving"), None);
    }
}
