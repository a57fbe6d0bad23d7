//! What figures mean: every one that is shown has a formula here, with an id that never changes its meaning.

use crate::wilson::{Interval, Z95, wilson};

/// In what a figure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Count,
    Seconds,
    Milliseconds,
    /// 0 to 1.
    Ratio,
    /// Calls at once, on average.
    Erlang,
}

/// How a figure comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formula {
    pub id: &'static str,
    pub title: &'static str,
    pub unit: Unit,
    pub text: &'static str,
}

const fn formula(id: &'static str, title: &'static str, unit: Unit, text: &'static str) -> Formula {
    Formula {
        id,
        title,
        unit,
        text,
    }
}

/// Of call detail records.
const RECORDS: [Formula; 16] = [
    formula(
        "ATT",
        "Attempts",
        Unit::Count,
        "conversations (linkedid) with a row that counts. To somebody outside: rows of the applications counted, without a DID, to a \
         destination that is not internal. From outside: rows with a DID. Each counts once, where it began",
    ),
    formula(
        "ANS",
        "Answered",
        Unit::Count,
        "attempts that somebody answered: a row of Dial with the disposition ANSWERED; from outside, also one of Queue that reached a \
         phone",
    ),
    formula("ASR", "Answer-seizure ratio", Unit::Ratio, "ANS / ATT"),
    formula(
        "NER",
        "Network effectiveness ratio",
        Unit::Ratio,
        "(ANS + NOA + BSY) / ATT: what the network delivered. Without hangup causes, a call that a person rejected is a busy one",
    ),
    formula(
        "NOA",
        "No answer",
        Unit::Count,
        "attempts whose best row is NO ANSWER; the order is answered, no answer, busy, congestion, failed, other. From outside, what an \
         announcement or a queue took and nobody answered",
    ),
    formula(
        "BSY",
        "Busy",
        Unit::Count,
        "attempts whose best row is BUSY",
    ),
    formula(
        "CON",
        "Congestion",
        Unit::Count,
        "attempts whose best row is CONGESTION",
    ),
    formula(
        "FAI",
        "Failed",
        Unit::Count,
        "attempts whose best row is FAILED",
    ),
    formula(
        "OTH",
        "Other",
        Unit::Count,
        "attempts whose rows have no disposition that Asterisk knows",
    ),
    formula(
        "TALK",
        "Talk time",
        Unit::Seconds,
        "seconds from answer to end of answered attempts; what two rows of a conversation have in common counts once",
    ),
    formula("ACD", "Average call duration", Unit::Seconds, "TALK / ANS"),
    formula(
        "PDD",
        "Post-dial delay",
        Unit::Seconds,
        "from the attempt to the first ring. A CDR does not say when it rang, so it is undefined there",
    ),
    formula(
        "SHORT",
        "Short calls",
        Unit::Ratio,
        "answered attempts of at most short_call_seconds of talk / ANS",
    ),
    formula(
        "PEOPLE",
        "Different people",
        Unit::Count,
        "different destinations; of calls from outside, different callers. A number counts once, however it is written",
    ),
    formula(
        "PEAK",
        "Calls at once",
        Unit::Count,
        "the most attempts at any moment of the window, from their beginning to their end, ringing included; those that began up to a \
         day before it as well",
    ),
    formula(
        "ERL",
        "Load",
        Unit::Erlang,
        "seconds of all attempts within the window, ringing included / seconds of the window",
    ),
];

/// Of callers in queues. A visit begins when a caller enters a queue, and counts in the window in which it begins.
const QUEUES: [Formula; 26] = [
    formula(
        "N",
        "Entered",
        Unit::Count,
        "visits: callers who entered the queue; N = A + B + R + WAITING, always",
    ),
    formula(
        "A",
        "Answered",
        Unit::Count,
        "visits that an agent answered",
    ),
    formula(
        "B",
        "Abandoned",
        Unit::Count,
        "visits in which the caller hung up before an agent answered",
    ),
    formula(
        "R",
        "Left by rule",
        Unit::Count,
        "visits that ended otherwise: R-WAIT + R-FULL + R-AGENTS + R-KEY + R-OTHER",
    ),
    formula(
        "WAITING",
        "Still waiting",
        Unit::Count,
        "visits that have not ended",
    ),
    formula(
        "R-WAIT",
        "Waited too long",
        Unit::Count,
        "left by rule after the queue's longest wait",
    ),
    formula(
        "R-FULL",
        "Queue full",
        Unit::Count,
        "left by rule as the queue was full",
    ),
    formula(
        "R-AGENTS",
        "No agents",
        Unit::Count,
        "left by rule as no agent was logged in",
    ),
    formula(
        "R-KEY",
        "Key pressed",
        Unit::Count,
        "left by a key that the caller pressed",
    ),
    formula(
        "R-OTHER",
        "Left otherwise",
        Unit::Count,
        "left as the queue was removed, the queues go round in a circle, or the server was lost",
    ),
    formula(
        "BLOCKED",
        "Sent away",
        Unit::Count,
        "callers whom the queue sent away before they could enter: no visits",
    ),
    formula(
        "SL-1",
        "Service level, strict",
        Unit::Ratio,
        "A_T / (A + B), where A_T was answered within T = service_level_seconds",
    ),
    formula(
        "SL-2",
        "Service level, generous",
        Unit::Ratio,
        "(A_T + B_T) / (A + B), where B_T was abandoned within T",
    ),
    formula(
        "SL-3",
        "Service level, answered only",
        Unit::Ratio,
        "A_T / A",
    ),
    formula(
        "SL-4",
        "Service level, late abandons only",
        Unit::Ratio,
        "A_T / (A + B - B_T)",
    ),
    formula(
        "SL-5",
        "Service level, short excluded",
        Unit::Ratio,
        "A_T / (A + B - B_s), where B_s was abandoned within s = short_abandon_seconds",
    ),
    formula(
        "ASA",
        "Average speed of answer",
        Unit::Milliseconds,
        "wait of answered visits / A",
    ),
    formula(
        "AWT",
        "Average wait",
        Unit::Milliseconds,
        "wait of all visits that ended / (A + B + R)",
    ),
    formula("ABR", "Abandon rate", Unit::Ratio, "B / (A + B)"),
    formula(
        "ABR-S",
        "Abandon rate without short",
        Unit::Ratio,
        "(B - B_s) / (A + B - B_s)",
    ),
    formula(
        "ATA",
        "Average time to abandon",
        Unit::Milliseconds,
        "wait of abandoned visits / B",
    ),
    formula(
        "LWT",
        "Longest wait",
        Unit::Milliseconds,
        "the longest wait of a visit that ended, abandoned ones included",
    ),
    formula("QAR", "Answer rate", Unit::Ratio, "A / (N + BLOCKED)"),
    formula(
        "TT",
        "Talk time",
        Unit::Milliseconds,
        "from the answer to the end, of the last queue of each call; hold included",
    ),
    formula(
        "WT",
        "Wrap-up time",
        Unit::Milliseconds,
        "wrap-up of answered calls that began within a day after the period",
    ),
    formula(
        "AHT",
        "Average handling time",
        Unit::Milliseconds,
        "(TT + WT) / A; hold is part of TT",
    ),
];

/// Of agents. Time is cut at the borders of windows; an offer counts where it was made.
const AGENTS: [Formula; 16] = [
    formula(
        "OFFERS",
        "Offers",
        Unit::Count,
        "calls that rang the agent's phone",
    ),
    formula(
        "HANDLED",
        "Handled",
        Unit::Count,
        "offers that the agent answered",
    ),
    formula(
        "MISSED",
        "Missed",
        Unit::Count,
        "offers that rang until their time was up",
    ),
    formula(
        "DECLINED",
        "Declined",
        Unit::Count,
        "offers that the agent rejected",
    ),
    formula(
        "OAR",
        "Answer rate of offers",
        Unit::Ratio,
        "HANDLED / OFFERS",
    ),
    formula(
        "STAFFED",
        "Staffed time",
        Unit::Milliseconds,
        "A-TT + A-RT + A-WT + A-IT + A-PT: all time that is not offline",
    ),
    formula(
        "A-TT",
        "Talk time",
        Unit::Milliseconds,
        "time in the state busy; hold included",
    ),
    formula(
        "A-RT",
        "Ring time",
        Unit::Milliseconds,
        "time in the state ringing",
    ),
    formula(
        "A-WT",
        "Wrap-up time",
        Unit::Milliseconds,
        "time in the state wrap_up",
    ),
    formula(
        "A-IT",
        "Idle time",
        Unit::Milliseconds,
        "time in the state available",
    ),
    formula(
        "A-PT",
        "Pause",
        Unit::Milliseconds,
        "time in the states break and no_answer",
    ),
    formula(
        "A-AHT",
        "Average handling time",
        Unit::Milliseconds,
        "(A-TT + A-WT) / HANDLED",
    ),
    formula(
        "A-ATT",
        "Average talk time",
        Unit::Milliseconds,
        "A-TT / HANDLED",
    ),
    formula(
        "OCC",
        "Occupancy",
        Unit::Ratio,
        "(A-TT + A-WT + A-RT) / (A-TT + A-WT + A-RT + A-IT): ringing is in, pause is not",
    ),
    formula(
        "UTIL",
        "Utilisation",
        Unit::Ratio,
        "(A-TT + A-WT) / STAFFED",
    ),
    formula("AVAIL", "Availability", Unit::Ratio, "A-IT / STAFFED"),
];

/// Of our own calls by hangup cause.
const CAUSES: [Formula; 2] = [
    formula(
        "CALLS",
        "Calls",
        Unit::Count,
        "calls of our own log that have ended, where they arrived",
    ),
    formula(
        "CAUSE",
        "Share",
        Unit::Ratio,
        "calls with this cause / all calls of the window",
    ),
];

/// All of them.
pub fn formulas() -> impl Iterator<Item = &'static Formula> {
    let own = QUEUES.iter().chain(&AGENTS).chain(&CAUSES);
    RECORDS.iter().chain(own)
}

/// Nothing for an id that is not one.
pub fn formula_of(id: &str) -> Option<&'static Formula> {
    formulas().find(|formula| formula.id == id)
}

/// A part of a whole, or a sum over a count. Without a denominator it has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quotient {
    pub numerator: i64,
    pub denominator: i64,
}

impl Quotient {
    pub fn new(numerator: i64, denominator: i64) -> Self {
        Self {
            numerator,
            denominator,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "figures of calls are far below 2^53"
    )]
    pub fn value(self) -> Option<f64> {
        (self.denominator != 0).then(|| self.numerator as f64 / self.denominator as f64)
    }

    /// Wilson's bounds, with 95 % confidence, of a part of a whole.
    #[expect(
        clippy::cast_precision_loss,
        reason = "figures of calls are far below 2^53"
    )]
    pub fn interval(self) -> Option<Interval> {
        wilson(self.numerator as f64, self.denominator as f64, Z95)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_formula_has_an_id_of_its_own() {
        let mut ids: Vec<_> = formulas().map(|formula| formula.id).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        assert_eq!(formula_of("ASR").map(|it| it.text), Some("ANS / ATT"));
    }

    #[test]
    fn nothing_in_nothing_has_no_value() {
        let none = Quotient::new(0, 0);
        assert_eq!((none.value(), none.interval()), (None, None));
        assert_eq!(Quotient::new(0, 4).value(), Some(0.0));
    }
}
