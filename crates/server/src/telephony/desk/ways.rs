//! The desk's ways to the telephone network: which trunk takes a call, and what is counted on each.

use engine::{
    dial::{Input, Leg},
    trunk::{self, Ask, Called, Considered, Verdict},
};
use model::{CallId, E164, ServerId, TrunkId};

use super::{Desk, NotPlaced, ask::Place};
use crate::{realtime::Realtime, telephony::names};

const PHONE_ELSEWHERE: &str =
    "the agent's phone is set up for one server alone, from which no call goes out";

impl Desk {
    pub(in crate::telephony) fn go_out_from(&mut self, phones: Realtime) {
        self.ways = phones.ways();
        self.phones = phones;
    }

    /// Where a call can be placed: on the first server that has the agent's phone and from which the number is reached.
    pub(super) fn way_out<'a>(
        &self,
        (extension, to): (&str, E164),
        places: &'a [Place],
    ) -> Result<&'a Place, NotPlaced> {
        let only = self.phones.only_server_of(extension);
        let none = match only {
            Some(_) => NotPlaced::NoTrunk(PHONE_ELSEWHERE.to_owned()),
            None => NotPlaced::NoWayOut,
        };
        let fits = |place: &&Place| {
            only.is_none_or(|only| only == place.server) && self.ways.serves(place.server)
        };
        let mut serving = places.iter().filter(fits).peekable();
        serving.peek().ok_or(none)?;
        let mut why = NotPlaced::WayOutLost;
        for place in serving.filter(|place| place.connected) {
            match self.may_go(place.server, to) {
                Ok(()) => return Ok(place),
                Err(said) => why = NotPlaced::NoTrunk(said),
            }
        }
        Err(why)
    }

    /// Whether a call could go out now, or within moments.
    fn may_go(&self, server: ServerId, to: E164) -> Result<(), String> {
        if self.ways.has_dial_out(server) {
            return Ok(());
        }
        let tried = &[];
        let to = Called::Number(to);
        let considered = self.ways.explain(Ask { server, to, tried });
        let may = |it: &Considered| it.is_taken() || matches!(it.verdict, Verdict::TooFast { .. });
        if considered.iter().any(may) {
            return Ok(());
        }
        Err(said(&considered))
    }

    /// For the dialler.
    pub(super) fn find_way(&mut self, call: CallId, server: ServerId, to: E164, tried: &[TrunkId]) {
        let channel = names::customer_of(call);
        let to = Called::Number(to);
        let input = match self.ways.choose(Ask { server, to, tried }, &channel) {
            Ok(way) => Input::WayGiven { call, way },
            Err(none) => {
                tracing::info!(%call, why = said(&none.considered), "no trunk takes a call now");
                Input::NoWay {
                    call,
                    retry_at: none.retry_at,
                }
            }
        };
        self.dial(input);
    }

    /// A customer's channel that is not there, or of which nobody knows.
    pub(super) fn count_off(&mut self, input: &Input) {
        let (Input::LegRefused { call, leg, .. }
        | Input::LegUnsure { call, leg }
        | Input::LegEnded { call, leg, .. }) = input
        else {
            return;
        };
        if *leg == Leg::Customer {
            self.not_made(*call);
        }
    }

    pub(super) fn not_made(&mut self, call: CallId) {
        if let Some(server) = self.dials.server_of(call) {
            let channel = names::customer_of(call);
            let not_made = trunk::Input::ChannelNotMade { server, channel };
            self.ways.handle(not_made);
        }
    }
}

/// `provider: has 2 calls up, as many as may be; carrier: Asterisk gets no answer from it`.
pub(super) fn said(considered: &[Considered]) -> String {
    let mut all: Vec<String> = Vec::new();
    for one in considered {
        all.push(format!("{}: {}", one.name, words(one)));
    }
    if all.is_empty() {
        all.push("there is none".to_owned());
    }
    all.join("; ")
}

/// A verdict for people.
pub(crate) fn words(considered: &Considered) -> String {
    match considered.verdict {
        Verdict::Takes => "takes it".to_owned(),
        Verdict::TakesAfterFailure => {
            "takes it if no other does: it could not take a call lately".to_owned()
        }
        Verdict::NotActive => "is not active".to_owned(),
        Verdict::OtherServer => "is another server's".to_owned(),
        Verdict::IncomingOnly => "has no `outbound`: calls only come in".to_owned(),
        Verdict::NoRule => "has no rule for this number".to_owned(),
        Verdict::Failed => "could not take this call".to_owned(),
        Verdict::Unreachable => "Asterisk gets no answer from it".to_owned(),
        Verdict::Full { max_channels } => {
            format!(
                "has {} calls up, and may have {max_channels}",
                considered.channels
            )
        }
        Verdict::TooFast {
            max_calls_per_second,
            ..
        } => format!("may begin {max_calls_per_second} calls within a second, and has"),
    }
}
