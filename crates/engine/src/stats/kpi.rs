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
const RECORDS: [Formula; 14] = [
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
];

/// All of them.
pub fn formulas() -> impl Iterator<Item = &'static Formula> {
    RECORDS.iter()
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
