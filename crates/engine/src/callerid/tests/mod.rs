//! The allocator, spoken with: this happened, exactly this is answered.
#![allow(clippy::unwrap_used)]

mod against_naive;
mod calls;
mod caps;
mod health;
mod outlasted;
mod restart;
mod tiers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use model::{
    CallerId, CallerIdKey, CallerIdRule, Country, Digits, E164, Now, Place, ReservationId, Tier,
    Timestamp, Verification,
};
use uuid::Uuid;

use super::*;

/// 2026-03-02T10:00:30Z.
const START: i64 = 1_772_445_630_000_000;

struct Desk {
    allocator: Allocator,
    now: Now,
}

impl Desk {
    fn new() -> Self {
        Self::with(Limits {
            per_agent: 1_000_000,
            ..Limits::default()
        })
    }

    fn with(limits: Limits) -> Self {
        Self {
            allocator: Allocator::new(limits, 1),
            now: Now {
                mono: Instant(1_000_000),
                utc: Timestamp::from_micros(START),
            },
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    fn handle(&mut self, input: Input) -> Vec<Command> {
        self.now = self.now.after(Duration::from_micros(10));
        self.allocator.handle(self.now, input);
        std::iter::from_fn(|| self.allocator.next_command()).collect()
    }

    fn add(&mut self, number: CallerId) -> CallerIdKey {
        let id = number.id;
        assert_eq!(self.handle(Input::NumberSet(Box::new(number))), []);
        id
    }

    fn rule(&mut self, campaign: &str, pool: Option<&str>, sticky_days: u16) {
        self.handle(Input::RuleSet(CallerIdRule {
            campaign: campaign.into(),
            pool: pool.map(Into::into),
            sticky_days,
        }));
    }

    fn ask(&mut self, to: &str, campaign: &str) -> Result<Allocation, Refusal> {
        let mut answers = self.handle(Input::Asked(asked(to, campaign)));
        match answers.pop() {
            Some(Command::Present(allocation)) => Ok(*allocation),
            Some(Command::Refuse { ask: 7, why }) => Err(why),
            other => panic!("{other:?}"),
        }
    }

    /// The last four digits of the number that is chosen, and where it was found.
    fn chosen(&mut self, to: &str) -> (String, Tier) {
        self.chosen_for(to, "sales")
    }

    fn chosen_for(&mut self, to: &str, campaign: &str) -> (String, Tier) {
        let allocation = self.ask(to, campaign).unwrap();
        let number = &allocation.presented;
        let last = number[number.len() - 4..].to_owned();
        (last, allocation.reservation.tier)
    }

    fn shortage(&mut self, to: &str) -> Shortage {
        match self.ask(to, "sales") {
            Err(Refusal::Exhausted(shortage)) => *shortage,
            other => panic!("{other:?}"),
        }
    }

    fn release(&mut self, id: ReservationId) -> Vec<Command> {
        self.handle(Input::Released {
            reservation: id,
            why: Release::Deleted,
        })
    }

    /// Numbers, and open reservations.
    fn totals(&self) -> (u32, usize) {
        (self.allocator.counts().total(), self.allocator.open())
    }

    fn status(&self, key: CallerIdKey) -> Status {
        self.allocator.number(key).unwrap().status
    }
}

/// A US number that may be presented once at a time.
fn us(number: &str) -> CallerId {
    let e164: E164 = format!("+1{number}").parse().unwrap();
    let id = CallerIdKey(Uuid::from_u128(u128::from(e164.digits())));
    CallerId {
        country: Some("US".into()),
        calling_code: Some(1),
        region: region(&number[..3]).map(Into::into),
        area_code: Some(number[..3].into()),
        carrier: "AT&T".into(),
        time_zone: "America/New_York".into(),
        verified: Some(Verification::Administrator),
        ..CallerId::new(id, number, e164, Timestamp::from_micros(START))
    }
}

/// A number of a country without area codes.
fn without_area_codes(national: &str) -> CallerId {
    CallerId {
        id: CallerIdKey(Uuid::from_u128(national.parse().unwrap())),
        number: national.into(),
        e164: format!("+371{national}").parse().unwrap(),
        country: Some("LV".into()),
        calling_code: Some(371),
        region: None,
        area_code: None,
        time_zone: "Europe/Riga".into(),
        ..us("2025550100")
    }
}

fn region(area_code: &str) -> Option<&'static str> {
    match area_code {
        "212" | "716" => Some("NY"),
        "310" => Some("CA"),
        "202" => Some("DC"),
        _ => None,
    }
}

/// A question about a US number of ten digits, or a Latvian one of eight.
fn asked(to: &str, campaign: &str) -> Asked {
    let american = to.len() == 10;
    let code = if american { "1" } else { "371" };
    let place = Place {
        country: Country::new(if american { "US" } else { "LV" }),
        region: american.then(|| region(&to[..3]).map(Arc::from)).flatten(),
        area_code: american.then(|| Digits::new(&to[..3])).flatten(),
        national: Digits::new(to).unwrap(),
    };
    Asked {
        ask: 7,
        to: format!("+{code}{to}").parse().unwrap(),
        place,
        campaign: campaign.into(),
        agent: "ann".into(),
    }
}

fn labelled(number: &str, labels: &[&str]) -> CallerId {
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    CallerId {
        labels,
        ..us(number)
    }
}

fn found(last: &str, tier: Tier) -> (String, Tier) {
    (last.to_owned(), tier)
}
