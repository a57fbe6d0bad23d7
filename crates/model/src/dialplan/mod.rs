//! The dialplan: where a call that begins in Asterisk goes, by what was dialled.
//!
//! It can say only what stands here. No text of a user's becomes an application, a function or a variable of Asterisk's.

mod pattern;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use pattern::{BadPattern, Pattern, Rest, Symbols};

use crate::{
    DialplanContextId, Invalid, QueueId, check::bounded, checked_context, checked_dialable,
    checked_text,
};

/// A context: the rules for those whose calls begin here, or are sent here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DialplanContext {
    pub id: DialplanContextId,
    /// As phones, trunks and other contexts name it: letters, digits, `-`, `_`.
    pub name: String,
    pub note: String,
    /// In the order in which people read them. Which holds is decided as Asterisk does: exact digits first, then the pattern
    /// that is most specific at the first place at which they differ.
    pub rules: Vec<DialplanRule>,
}

/// What is done with a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DialplanRule {
    pub pattern: Pattern,
    pub action: DialplanAction,
    #[serde(default)]
    #[schema(max_length = 200, default = "")]
    pub note: String,
}

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum DialplanAction {
    /// A phone rings.
    Phone {
        /// Which; nothing: that of the number dialled. Where there is no such phone the next rule that fits holds.
        #[serde(default)]
        #[schema(min_length = 2, max_length = 10)]
        number: Option<String>,
        #[serde(default = "ring_seconds")]
        #[schema(minimum = 1, maximum = 300, default = 30)]
        ring_seconds: u16,
        /// What the caller gets when nobody answers.
        #[serde(default)]
        #[schema(default = "hang_up")]
        unanswered: Unanswered,
    },
    /// Out to the telephone network, through the trunks.
    Out {
        /// How many of the first symbols are taken away.
        #[serde(default)]
        #[schema(maximum = 20, default = 0)]
        strip: u8,
        /// What is put in front then: digits, with a `+` first if there is one.
        #[serde(default)]
        #[schema(max_length = 20, default = "")]
        prepend: String,
        /// The number that the called one sees; nothing: the phone's own.
        #[serde(default)]
        #[schema(max_length = 20)]
        present: Option<String>,
    },
    /// Into one of our queues.
    Queue { queue: QueueId },
    /// A sound is played, and the call is over.
    Announce {
        /// The file below Asterisk's `sounds`, without its ending: `custom/closed`.
        #[schema(max_length = 100)]
        sound: String,
    },
    /// By the rules of another context.
    GoTo {
        #[schema(max_length = 40)]
        context: String,
    },
    /// Where the list of our numbers (`/v1/dids`) sends it. Where the number is not in the list the next rule that fits holds.
    Did,
    /// A sound says what there is to choose from, and a key chooses.
    Menu(Menu),
    HangUp {
        #[serde(default)]
        #[schema(default = "rejected")]
        cause: HangUpCause,
    },
}

/// A choice by key. Whoever presses none, or one that is not there, hears it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// The file below Asterisk's `sounds`, without its ending: `custom/welcome`. A key ends it.
    #[schema(max_length = 100)]
    pub sound: String,
    /// By whose rules the choices go on.
    #[schema(max_length = 40)]
    pub context: String,
    #[schema(min_items = 1, max_items = 11)]
    pub choices: Vec<MenuChoice>,
    /// For how long a key is waited for once the sound is over.
    #[serde(default = "menu_wait")]
    #[schema(minimum = 1, maximum = 60, default = 5)]
    pub wait_seconds: u16,
    /// How often it is heard.
    #[serde(default = "menu_tries")]
    #[schema(minimum = 1, maximum = 10, default = 3)]
    pub tries: u8,
    /// Who has chosen nothing goes on as if this were dialled; nothing: the call is over.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub otherwise: Option<String>,
}

/// One key of a menu.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MenuChoice {
    /// `0` to `9`, or `*`.
    #[schema(min_length = 1, max_length = 1)]
    pub key: String,
    /// As if this were dialled.
    #[schema(max_length = 40)]
    pub dial: String,
}

/// The keys that a menu can have. `#` ends what is typed.
pub const MENU_KEYS: [char; 11] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*'];

fn menu_wait() -> u16 {
    5
}

fn menu_tries() -> u8 {
    3
}

/// What a caller gets when a phone is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// The call ends, as busy or not answered.
    #[default]
    HangUp,
    /// Asterisk's voice says before that whoever is called is on the phone, or not available.
    Words,
}

/// Why a call is hung up (ITU-T Q.850), and with it what the caller's phone shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HangUpCause {
    /// 1: there is no such number.
    Unallocated,
    /// 16: the call is over.
    Normal,
    /// 17
    Busy,
    /// 19
    NoAnswer,
    /// 21: it may not be called.
    #[default]
    Rejected,
    /// 22: the number has changed.
    NumberChanged,
    /// 28: it is no whole number.
    InvalidNumber,
    /// 34: no line is free.
    NoLine,
}

impl HangUpCause {
    pub const ALL: [Self; 8] = [
        Self::Unallocated,
        Self::Normal,
        Self::Busy,
        Self::NoAnswer,
        Self::Rejected,
        Self::NumberChanged,
        Self::InvalidNumber,
        Self::NoLine,
    ];

    /// Its number in Q.850.
    pub fn q850(self) -> u8 {
        match self {
            Self::Unallocated => 1,
            Self::Normal => 16,
            Self::Busy => 17,
            Self::NoAnswer => 19,
            Self::Rejected => 21,
            Self::NumberChanged => 22,
            Self::InvalidNumber => 28,
            Self::NoLine => 34,
        }
    }
}

/// Usual time for which a phone rings.
pub(crate) fn ring_seconds() -> u16 {
    30
}

/// The most rules of one context.
pub const MAX_RULES: usize = 500;
/// The longest number that is looked up in a dialplan.
pub const MAX_DIALLED: usize = 40;
const MAX_NOTE: usize = 500;
const MAX_RULE_NOTE: usize = 200;
const MAX_RING: u16 = 300;
const MAX_STRIP: u8 = 20;
const MAX_PREPEND: usize = 20;
const MAX_SOUND: usize = 100;
const MAX_MENU_WAIT: u16 = 60;
const MAX_TRIES: u8 = 10;

impl DialplanContext {
    /// Checks the bounds of every text, and that each rule can hold. What rules lead to is not looked at.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_context("name", &self.name)?;
        checked_text("note", &self.note, MAX_NOTE)?;
        if self.rules.len() > MAX_RULES {
            let problem = format!("has {} entries; the limit is {MAX_RULES}", self.rules.len());
            return Err(Invalid::new("rules", problem));
        }
        for (at, rule) in self.rules.iter().enumerate() {
            let numbered = |bad: Invalid| {
                let (number, pattern) = (at + 1, &rule.pattern);
                let problem = format!("entry {number} ({pattern}): {} {}", bad.field, bad.problem);
                Invalid::new("rules", problem)
            };
            rule.check().map_err(numbered)?;
            self.is_reached(at).map_err(numbered)?;
        }
        Ok(())
    }

    /// Nothing before it takes whatever it is for.
    fn is_reached(&self, at: usize) -> Result<(), Invalid> {
        let (before, rule) = (&self.rules[..at], &self.rules[at]);
        let takes_all = |it: &&DialplanRule| it.pattern.is_same(&rule.pattern) && !it.may_pass_on();
        match before.iter().position(|it| takes_all(&it)) {
            None => Ok(()),
            Some(first) => {
                let problem = format!("is that of entry {}, so it never holds", first + 1);
                Err(Invalid::new("pattern", problem))
            }
        }
    }
}

impl DialplanRule {
    /// It holds for some of its numbers alone; the others go to the next rule.
    pub fn may_pass_on(&self) -> bool {
        matches!(
            self.action,
            DialplanAction::Phone { number: None, .. } | DialplanAction::Did
        )
    }

    fn check(&self) -> Result<(), Invalid> {
        checked_text("note", &self.note, MAX_RULE_NOTE)?;
        match &self.action {
            DialplanAction::Phone {
                number,
                ring_seconds,
                ..
            } => {
                if let Some(number) = number {
                    crate::extension::checked_number("number", number)?;
                }
                checked_ring("ring_seconds", *ring_seconds)
            }
            DialplanAction::Out {
                strip,
                prepend,
                present,
            } => {
                self.check_rewriting(*strip, prepend)?;
                present
                    .as_ref()
                    .map_or(Ok(()), |it| checked_digits("present", it))
            }
            DialplanAction::Announce { sound } => checked_sound("sound", sound),
            DialplanAction::Menu(menu) => menu.check(),
            DialplanAction::GoTo { context } => checked_context("context", context),
            DialplanAction::Queue { .. } | DialplanAction::HangUp { .. } | DialplanAction::Did => {
                Ok(())
            }
        }
    }

    /// Something has to be left to dial.
    fn check_rewriting(&self, strip: u8, prepend: &str) -> Result<(), Invalid> {
        let least = self.pattern.least();
        if strip > MAX_STRIP {
            return Err(Invalid::new(
                "strip",
                format!("must be at most {MAX_STRIP}"),
            ));
        }
        if usize::from(strip) >= least {
            let problem = format!("takes away all of a number of {least}");
            return Err(Invalid::new("strip", problem));
        }
        // A `+` alone makes 00420… a number of the whole world.
        if matches!(prepend, "" | "+") {
            return Ok(());
        }
        checked_digits("prepend", prepend)
    }
}

impl Menu {
    fn check(&self) -> Result<(), Invalid> {
        checked_sound("sound", &self.sound)?;
        checked_context("context", &self.context)?;
        let within = |field, value: u16, most: u16| match value {
            0 => Err(Invalid::new(field, format!("must be 1 to {most}"))),
            value if value > most => Err(Invalid::new(field, format!("must be 1 to {most}"))),
            _ => Ok(()),
        };
        within("wait_seconds", self.wait_seconds, MAX_MENU_WAIT)?;
        within("tries", self.tries.into(), MAX_TRIES.into())?;
        if self.choices.is_empty() {
            return Err(Invalid::new("choices", "has no key"));
        }
        for (at, choice) in self.choices.iter().enumerate() {
            let key = &choice.key;
            if self.choices[..at].iter().any(|it| it.key == *key) {
                return Err(Invalid::new("choices", format!("has key {key:?} twice")));
            }
            let mut chars = key.chars();
            let is_key = chars.next().is_some_and(|it| MENU_KEYS.contains(&it));
            if !is_key || chars.next().is_some() {
                let problem = format!("has the key {key:?}; use one of 0 to 9, or '*'");
                return Err(Invalid::new("choices", problem));
            }
            checked_dialled("choices", &choice.dial)?;
        }
        let otherwise = self.otherwise.as_ref();
        otherwise.map_or(Ok(()), |it| checked_dialled("otherwise", it))
    }
}

pub(crate) fn checked_ring(field: &'static str, seconds: u16) -> Result<(), Invalid> {
    if !(1..=MAX_RING).contains(&seconds) {
        let problem = format!("must be 1 to {MAX_RING}");
        return Err(Invalid::new(field, problem));
    }
    Ok(())
}

/// What could be dialled in a context.
pub(crate) fn checked_dialled(field: &'static str, number: &str) -> Result<(), Invalid> {
    bounded(field, number, 1, MAX_DIALLED)?;
    checked_dialable(field, number)
}

/// Digits, with a `+` first if there is one.
fn checked_digits(field: &'static str, text: &str) -> Result<(), Invalid> {
    bounded(field, text, 1, MAX_PREPEND)?;
    checked_dialable(field, text)?;
    match text.chars().find(|c| matches!(c, '*' | '#')) {
        Some(bad) => Err(Invalid::new(
            field,
            format!("has {bad:?}; use digits, and '+' first"),
        )),
        None => Ok(()),
    }
}

/// No path leads out of Asterisk's sounds, and no second file can be named.
pub(crate) fn checked_sound(field: &'static str, sound: &str) -> Result<(), Invalid> {
    bounded(field, sound, 1, MAX_SOUND)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/');
    if let Some(bad) = sound.chars().find(|c| !plain(*c)) {
        let problem =
            format!("has {bad:?}; use letters, digits, '-', '_', and '/' between folders");
        return Err(Invalid::new(field, problem));
    }
    if sound.split('/').any(str::is_empty) {
        let problem = "is no file below Asterisk's sounds, such as custom/closed";
        return Err(Invalid::new(field, problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
