//! Call control: what is done to a call while two talk on it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentId, CallId, Invalid, Timestamp, WatchId};

/// The most digits that are sent to a customer at a time.
pub const MAX_DIGITS: usize = 32;
/// The most recordings of one call.
pub const MAX_RECORDINGS: usize = 20;
/// How the names of recordings begin.
const PREFIX: &str = "cordboard-";

/// What has been done to a call while it talked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Control {
    /// Since when the customer hears music instead of the agent.
    pub held_since: Option<Timestamp>,
    /// How long the customer was held before, in milliseconds.
    pub hold_ms: u64,
    /// Whether nobody hears the agent.
    pub muted: bool,
    /// The first one first; at most the last of them goes on.
    pub recordings: Vec<Recording>,
    /// Somebody else is asked in, or the call is being given to them.
    pub consult: Option<Consult>,
    /// Whom the customer was given to; the call has ended with it.
    pub transferred_to: Option<String>,
    /// The slot that the customer waits in.
    pub parked: Option<Parked>,
    /// How long the customer was parked before, in milliseconds.
    pub parked_ms: u64,
}

/// A customer in a slot: hears music, and has no agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parked {
    pub slot: u32,
    /// Who parked the call.
    pub by: AgentId,
    pub since: Timestamp,
    /// When the call comes back, to whoever parked it or else into its queue.
    pub until: Timestamp,
}

impl Control {
    /// Nothing was ever done to it.
    pub fn is_untouched(&self) -> bool {
        *self == Self::default()
    }

    /// The recording that goes on.
    pub fn recording(&self) -> Option<&Recording> {
        let last = self.recordings.last();
        last.filter(|last| last.state != RecordingState::Ended)
    }

    /// Takes in what was done at `at`.
    pub fn learn(&mut self, at: Timestamp, deed: &Deed) {
        match deed {
            Deed::Held => {
                self.held_since.get_or_insert(at);
            }
            Deed::Resumed { held_ms } => {
                if self.held_since.take().is_some() {
                    self.hold_ms = self.hold_ms.saturating_add(*held_ms);
                }
            }
            Deed::Muted => self.muted = true,
            Deed::Unmuted => self.muted = false,
            Deed::DigitsSent { .. } => {}
            Deed::RecordingStarted { name } => self.recordings.push(Recording {
                name: name.clone(),
                state: RecordingState::Recording,
                started_at: at,
            }),
            Deed::RecordingPaused { name } => self.record(name, RecordingState::Paused),
            Deed::RecordingResumed { name } => self.record(name, RecordingState::Recording),
            Deed::RecordingEnded { name } => self.record(name, RecordingState::Ended),
            Deed::ConsultBegun { to, transfer } => {
                self.consult = Some(Consult {
                    to: to.clone(),
                    transfer: *transfer,
                    state: ConsultState::Ringing,
                    since: at,
                });
            }
            Deed::ConsultChanged { state } => {
                if let Some(consult) = &mut self.consult {
                    (consult.state, consult.since) = (*state, at);
                }
            }
            Deed::ConsultEnded { .. } => self.consult = None,
            Deed::Transferred { to } => {
                self.consult = None;
                self.transferred_to = Some(to.clone());
            }
        }
    }

    /// The customer is put into a slot, and the agent goes.
    pub fn park(&mut self, parked: Parked) {
        self.end(parked.since);
        self.parked = Some(parked);
    }

    /// The customer leaves the slot at `at`; which one it was.
    pub fn unpark(&mut self, at: Timestamp) -> Option<u32> {
        let parked = self.parked.take()?;
        self.parked_ms = self.parked_ms.saturating_add(millis(at, parked.since));
        Some(parked.slot)
    }

    /// The call, or its agent's part in it, has ended at `at`.
    pub fn end(&mut self, at: Timestamp) {
        self.unpark(at);
        if let Some(since) = self.held_since.take() {
            self.hold_ms = self.hold_ms.saturating_add(millis(at, since));
        }
        self.muted = false;
        self.consult = None;
        for recording in &mut self.recordings {
            recording.state = RecordingState::Ended;
        }
    }

    fn record(&mut self, name: &str, state: RecordingState) {
        let mut known = self.recordings.iter_mut();
        let known = known.find(|one| one.name == name && one.state != RecordingState::Ended);
        if let Some(recording) = known {
            recording.state = state;
        }
    }
}

fn millis(at: Timestamp, since: Timestamp) -> u64 {
    u64::try_from(at.since(since).as_millis()).unwrap_or(u64::MAX)
}

/// One recording of a call, in Asterisk's recording folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recording {
    /// In Asterisk, without the ending of the file.
    pub name: String,
    pub state: RecordingState,
    pub started_at: Timestamp,
}

impl Recording {
    /// What the `number`th recording of a call is called in Asterisk.
    pub fn name_of(call: CallId, number: usize) -> String {
        format!("{PREFIX}{call}-{number}")
    }

    /// Whose recording it is, if it is one of ours.
    pub fn call_of(name: &str) -> Option<CallId> {
        let (call, _) = name.strip_prefix(PREFIX)?.rsplit_once('-')?;
        call.parse().ok()
    }
}

/// Whether a recording goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    Recording,
    /// What is said now is not in the file.
    Paused,
    Ended,
}

/// A third person, whom the agent talks with or the customer is given to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consult {
    /// What was dialled.
    pub to: String,
    /// Whether the customer is given to them as soon as they answer.
    pub transfer: bool,
    pub state: ConsultState,
    pub since: Timestamp,
}

/// Who talks with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsultState {
    /// The third one's phone rings; the customer hears music.
    Ringing,
    /// The agent talks with the third one; the customer hears music.
    Talking,
    /// The agent talks with the customer; the third one hears music.
    Waiting,
    /// All three talk.
    Conference,
}

/// Something that was done to a call, and that Asterisk has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "deed")]
pub enum Deed {
    /// The customer hears music.
    Held,
    /// The customer hears the agent again.
    Resumed {
        held_ms: u64,
    },
    /// Nobody hears the agent.
    Muted,
    Unmuted,
    /// Which ones is not written down: they may be a card's.
    DigitsSent {
        count: u32,
    },
    RecordingStarted {
        name: String,
    },
    RecordingPaused {
        name: String,
    },
    RecordingResumed {
        name: String,
    },
    /// Its file is complete.
    RecordingEnded {
        name: String,
    },
    /// Somebody else's phone rings, to be talked with or to be given the customer (`transfer`).
    ConsultBegun {
        to: String,
        transfer: bool,
    },
    ConsultChanged {
        state: ConsultState,
    },
    /// They are gone; why, as a Q.850 cause, where it was not asked for.
    ConsultEnded {
        to: String,
        cause: Option<u16>,
    },
    /// The customer is with somebody else now.
    Transferred {
        to: String,
    },
}

/// How a supervisor takes part in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WatchMode {
    /// Hears both, and is heard by nobody.
    Listen,
    /// Hears both, and is heard by the agent.
    Whisper,
    /// Hears both, and is heard by both.
    Barge,
}

/// How far a supervisor has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WatchState {
    /// The supervisor's phone rings.
    Ringing,
    /// The supervisor hears the call.
    Watching,
    Ended,
}

/// A supervisor on somebody's call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Watch {
    pub id: WatchId,
    pub call: CallId,
    /// Whose phone it is.
    pub watcher: AgentId,
    pub mode: WatchMode,
    pub state: WatchState,
    /// Who asked for it, or for its end.
    pub by: String,
    pub since: Timestamp,
}

/// What a phone's keys can send: digits, `*`, `#`, `A` to `D`, at most [`MAX_DIGITS`].
pub fn checked_digits(digits: &str) -> Result<(), Invalid> {
    let key = |byte: u8| byte.is_ascii_digit() || b"*#ABCD".contains(&byte);
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(key) {
        let problem = format!("are not 1 to {MAX_DIGITS} of 0-9, *, # and A-D");
        return Err(Invalid::new("digits", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn every_hold_counts_once() {
        let mut control = Control::default();
        assert!(control.is_untouched());
        control.learn(at(1), &Deed::Held);
        control.learn(at(2), &Deed::Held);
        assert_eq!(control.held_since, Some(at(1)));
        control.learn(at(4), &Deed::Resumed { held_ms: 3_000 });
        control.learn(at(5), &Deed::Resumed { held_ms: 3_000 });
        assert_eq!((control.held_since, control.hold_ms), (None, 3_000));
        control.learn(at(6), &Deed::Held);
        control.end(at(8));
        assert_eq!((control.held_since, control.hold_ms), (None, 5_000));
    }

    #[test]
    fn a_recording_that_has_ended_is_not_paused() {
        let name = || "a".to_owned();
        let mut control = Control::default();
        control.learn(at(1), &Deed::RecordingStarted { name: name() });
        control.learn(at(2), &Deed::RecordingPaused { name: name() });
        assert_eq!(
            control.recording().map(|one| one.state),
            Some(RecordingState::Paused)
        );
        control.learn(at(3), &Deed::RecordingEnded { name: name() });
        control.learn(at(4), &Deed::RecordingResumed { name: name() });
        assert_eq!(control.recording(), None);
        assert_eq!(control.recordings[0].state, RecordingState::Ended);
    }

    #[test]
    fn a_parked_customer_is_on_hold_for_nobody() {
        let by = AgentId::new(at(1), 7);
        let mut control = Control::default();
        control.learn(at(1), &Deed::Held);
        let (since, until) = (at(3), at(63));
        let parked = Parked {
            slot: 701,
            by,
            since,
            until,
        };
        control.park(parked);
        assert_eq!((control.held_since, control.hold_ms), (None, 2_000));
        assert_eq!(control.parked, Some(parked));
        assert_eq!(control.unpark(at(8)), Some(701));
        assert_eq!((control.unpark(at(9)), control.parked_ms), (None, 5_000));
    }

    #[test]
    fn a_recording_is_known_by_its_name() {
        let call = CallId::new(at(1), 7);
        assert_eq!(
            Recording::call_of(&Recording::name_of(call, 12)),
            Some(call)
        );
        for other in ["", "cordboard-", "cordboard-1-2", "voicemail-1"] {
            assert_eq!(Recording::call_of(other), None, "{other}");
        }
    }

    #[test]
    fn only_keys_of_a_phone_are_digits() {
        for good in ["1", "*21#", "ABCD", &"9".repeat(MAX_DIGITS)] {
            assert!(checked_digits(good).is_ok(), "{good}");
        }
        for bad in ["", "1 2", "1,2", "e", "w", "1\r\n", "١", &"9".repeat(33)] {
            assert!(checked_digits(bad).is_err(), "{bad:?}");
        }
    }
}
