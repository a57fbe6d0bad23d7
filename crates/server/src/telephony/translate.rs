//! Asterisk's words into ours.

use asterisk::ari::{ChannelState, Event, EventKind};
use engine::acd::OfferFailure;
use engine::control;
use engine::dial::{Input, Leg};
use model::{OfferId, Recording, ServerId, WatchId, WatchMode};

use super::names::{Names, WatchPart};

/// What an ARI event means to a call centre.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning {
    /// A caller is at the door.
    CallerArrived(Arrival),
    /// A caller's channel is no longer ours: hung up, or back in the dialplan.
    CallerLeft {
        channel: String,
    },
    /// Why a caller's channel is about to leave.
    CauseKnown {
        channel: String,
        cause: u16,
    },
    /// The agent's channel is there, and not answered yet.
    AgentRings(OfferId),
    AgentAnswered(OfferId),
    /// The agent's channel ended with this Q.850 cause.
    AgentGone {
        offer: OfferId,
        cause: u16,
        failure: OfferFailure,
    },
    /// The same of a call that we place.
    Leg(Input),
    /// Of what is done to calls that talk.
    Control(control::Input),
    /// The channel is there by which a supervisor hears an agent, in one of two ways.
    SnoopEntered(WatchId, WatchMode),
}

/// A channel that entered our application.
#[derive(Debug, PartialEq)]
pub(super) struct Arrival {
    pub(super) channel: String,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) dialled: String,
    pub(super) argument: Option<String>,
    pub(super) answered: bool,
}

/// `None`: nothing that concerns us.
pub(super) fn translate(event: Event, names: &Names, server: ServerId) -> Option<Meaning> {
    if let Some(input) = of_placed_call(&event.kind, names, server) {
        return input.map(Meaning::Leg);
    }
    match of_control(&event.kind, names, server) {
        Some(meaning) => meaning,
        None => of_queued_call(event, names),
    }
}

/// Outer `None`: it is about no recording, and no third person's or supervisor's channel.
#[expect(clippy::option_option, reason = "both absences mean something")]
fn of_control(kind: &EventKind, names: &Names, server: ServerId) -> Option<Option<Meaning>> {
    let channel = match kind {
        EventKind::RecordingFinished { recording } | EventKind::RecordingFailed { recording } => {
            let name = recording.name.clone();
            let ended = |call| control::Input::RecordingEnded { call, name };
            let call = Recording::call_of(&recording.name);
            return Some(call.map(ended).map(Meaning::Control));
        }
        EventKind::StasisStart { channel, .. }
        | EventKind::StasisEnd { channel }
        | EventKind::ChannelStateChange { channel }
        | EventKind::ChannelHangupRequest { channel, .. }
        | EventKind::ChannelDestroyed { channel, .. } => channel,
        EventKind::Dial { peer, .. } => peer,
        _ => return None,
    };
    if let Some((call, number)) = names.consult_of_channel(&channel.id) {
        let input = match kind {
            EventKind::StasisStart { .. } => control::Input::TargetAnswered {
                call,
                number,
                server,
            },
            EventKind::ChannelDestroyed { cause, .. } => control::Input::TargetGone {
                call,
                number,
                cause: q850(*cause),
            },
            _ => return Some(None),
        };
        return Some(Some(Meaning::Control(input)));
    }
    if !names.is_watch(&channel.id) {
        return None;
    }
    let of = |part| names.watch_of(part, &channel.id);
    let Some(watch) = of(WatchPart::Phone) else {
        let listening = of(WatchPart::Listening).map(|watch| (watch, WatchMode::Listen));
        let whispering = || of(WatchPart::Whispering).map(|watch| (watch, WatchMode::Whisper));
        let snoop = listening.or_else(whispering);
        let snoop = snoop.filter(|_| matches!(kind, EventKind::StasisStart { .. }));
        return Some(snoop.map(|(watch, mode)| Meaning::SnoopEntered(watch, mode)));
    };
    let input = match kind {
        EventKind::StasisStart { .. } => control::Input::WatcherAnswered { watch, server },
        EventKind::ChannelDestroyed { .. } => control::Input::WatcherGone { watch },
        _ => return Some(None),
    };
    Some(Some(Meaning::Control(input)))
}

/// Outer `None`: it is about no call that we place.
#[expect(clippy::option_option, reason = "both absences mean something")]
fn of_placed_call(kind: &EventKind, names: &Names, server: ServerId) -> Option<Option<Input>> {
    let channel = match kind {
        EventKind::StasisStart { channel, .. }
        | EventKind::StasisEnd { channel }
        | EventKind::ChannelStateChange { channel }
        | EventKind::ChannelDestroyed { channel, .. } => channel,
        EventKind::Dial { peer, .. } => peer,
        _ => return None,
    };
    let (call, leg) = names.leg_of_channel(&channel.id)?;
    let rings = Input::LegRings { call, leg, server };
    Some(match kind {
        EventKind::StasisStart { .. } => Some(Input::LegAnswered { call, leg, server }),
        EventKind::ChannelStateChange { channel } => {
            (channel.state != ChannelState::Up).then_some(rings)
        }
        EventKind::Dial { dialstatus, .. } => match (dialstatus.as_str(), leg) {
            ("", _) => Some(rings),
            ("RINGING", Leg::Customer) => Some(Input::CustomerRings { call }),
            _ => None,
        },
        EventKind::ChannelDestroyed { cause, .. } => {
            let cause = q850(*cause);
            Some(Input::LegEnded { call, leg, cause })
        }
        _ => None,
    })
}

fn of_queued_call(event: Event, names: &Names) -> Option<Meaning> {
    match event.kind {
        EventKind::StasisStart { channel, args, .. } => {
            Some(match names.offer_of_channel(&channel.id) {
                Some(offer) => Meaning::AgentAnswered(offer),
                None => Meaning::CallerArrived(Arrival::new(*channel, args.into_iter().next())),
            })
        }
        EventKind::StasisEnd { channel } => match names.offer_of_channel(&channel.id) {
            Some(_) => None,
            None => Some(Meaning::CallerLeft {
                channel: channel.id,
            }),
        },
        // A phone that never says that it rings is known by the beginning of the dialling alone.
        EventKind::ChannelStateChange { channel } => {
            let rings = channel.state != ChannelState::Up;
            let offer = names.offer_of_channel(&channel.id).filter(|_| rings);
            offer.map(Meaning::AgentRings)
        }
        EventKind::Dial {
            peer, dialstatus, ..
        } if dialstatus.is_empty() => names.offer_of_channel(&peer.id).map(Meaning::AgentRings),
        EventKind::ChannelHangupRequest {
            channel,
            cause: Some(cause),
            ..
        } => Some(Meaning::CauseKnown {
            channel: channel.id,
            cause: q850(cause)?,
        }),
        EventKind::ChannelDestroyed { channel, cause, .. } => {
            Some(match names.offer_of_channel(&channel.id) {
                Some(offer) => Meaning::AgentGone {
                    offer,
                    cause: q850(cause).unwrap_or(0),
                    failure: failure(cause),
                },
                None => Meaning::CallerLeft {
                    channel: channel.id,
                },
            })
        }
        _ => None,
    }
}

impl Arrival {
    pub(super) fn new(channel: asterisk::ari::Channel, argument: Option<String>) -> Self {
        Self {
            answered: channel.state == ChannelState::Up,
            channel: channel.id,
            number: channel.caller.number,
            name: channel.caller.name,
            dialled: channel.dialplan.exten,
            argument: argument.filter(|text| !text.is_empty()),
        }
    }
}

/// A cause of ITU-T Q.850. Asterisk uses 32 (a soft-hangup flag) and 0 for "none given".
fn q850(cause: i64) -> Option<u16> {
    u16::try_from(cause)
        .ok()
        .filter(|cause| (1..=127).contains(cause) && *cause != 32)
}

/// Why a phone that was rung did not answer, by Q.850 cause. Asterisk 16 gives an expired timer the cause 0. The SIP status
/// tells no more: Asterisk 22 puts 480 "temporarily unavailable" beside its own expired timer.
fn failure(cause: i64) -> OfferFailure {
    match cause {
        17 => OfferFailure::Busy,
        21 => OfferFailure::Declined,
        0 | 16 | 18 | 19 | 26 => OfferFailure::NoAnswer,
        _ => OfferFailure::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use engine::dial::Leg;
    use model::CallId;

    use super::*;

    const PBX: ServerId = ServerId(uuid::Uuid::from_u128(1));

    fn event(json: &str) -> Event {
        Event::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_caller_arrives_with_the_queue_of_the_dialplan() {
        let meaning = translate(
            event(
                r#"{"type":"StasisStart","application":"cordboard","timestamp":"","args":["sales","x"],"channel":
                {"id":"1.2","state":"Ring","caller":{"name":"Ann","number":"5550177"},"dialplan":{"exten":"5550101"}}}"#,
            ),
            &Names::new("cordboard"),
            PBX,
        );
        let Some(Meaning::CallerArrived(arrival)) = meaning else {
            panic!("{meaning:?}")
        };
        assert_eq!(arrival.argument.as_deref(), Some("sales"));
        assert_eq!(arrival.dialled, "5550101");
        assert!(!arrival.answered);
    }

    #[test]
    fn an_agents_channel_is_known_by_its_id() {
        let names = Names::new("cordboard");
        let offer = OfferId::new(model::Timestamp::from_micros(1_000_000), 7);
        let id = names.agent_channel(offer);
        let start = format!(
            r#"{{"type":"StasisStart","application":"cordboard","timestamp":"","args":[],"channel":{{"id":"{id}","state":"Up"}}}}"#
        );
        assert_eq!(
            translate(event(&start), &names, PBX),
            Some(Meaning::AgentAnswered(offer))
        );
        let destroyed = format!(
            r#"{{"type":"ChannelDestroyed","timestamp":"","cause":21,"cause_txt":"","channel":{{"id":"{id}","state":"Down"}}}}"#
        );
        assert_eq!(
            translate(event(&destroyed), &names, PBX),
            Some(Meaning::AgentGone {
                offer,
                cause: 21,
                failure: OfferFailure::Declined
            })
        );
        assert_eq!(Names::new("other").offer_of_channel(&id), None);
    }

    #[test]
    fn a_phone_that_is_rung_is_known_before_it_rings() {
        let names = Names::new("cordboard");
        let offer = OfferId::new(model::Timestamp::from_micros(1_000_000), 7);
        let id = names.agent_channel(offer);
        let dial = |status: &str| {
            let json = format!(
                r#"{{"type":"Dial","timestamp":"","dialstatus":"{status}","forward":"","dialstring":"101","peer":{{"id":"{id}","state":"Down"}}}}"#
            );
            translate(event(&json), &names, PBX)
        };
        assert_eq!(dial(""), Some(Meaning::AgentRings(offer)));
        assert_eq!(dial("NOANSWER"), None);
        let state = |state: &str| {
            let json = format!(
                r#"{{"type":"ChannelStateChange","timestamp":"","channel":{{"id":"{id}","state":"{state}"}}}}"#
            );
            translate(event(&json), &names, PBX)
        };
        assert_eq!(state("Ringing"), Some(Meaning::AgentRings(offer)));
        assert_eq!(state("Up"), None);
    }

    #[test]
    fn causes_that_are_no_causes_are_left_out() {
        assert_eq!(
            [0, 16, 32, 127, 128, -1].map(q850),
            [None, Some(16), None, Some(127), None, None]
        );
    }

    #[test]
    fn an_expired_timer_is_no_answer_on_every_release() {
        assert_eq!([19, 0].map(failure), [OfferFailure::NoAnswer; 2]);
        assert_eq!([3, 20, 127].map(failure), [OfferFailure::Unreachable; 3]);
    }

    #[test]
    fn a_leg_of_a_call_that_we_place_is_no_caller() {
        let names = Names::new("cordboard");
        let call = CallId::new(model::Timestamp::from_micros(1_000_000), 7);
        for leg in [Leg::Agent, Leg::Customer] {
            let id = names.leg(call, leg);
            let about = |kind: &str, rest: &str, state: &str| {
                let json = format!(
                    r#"{{"type":"{kind}","timestamp":"",{rest}"channel":{{"id":"{id}","state":"{state}"}}}}"#
                );
                translate(event(&json), &names, PBX)
            };
            let server = PBX;
            let answered = Meaning::Leg(Input::LegAnswered { call, leg, server });
            let start = r#""args":[],"#;
            assert_eq!(about("StasisStart", start, "Up"), Some(answered));
            assert_eq!(about("StasisEnd", "", "Up"), None);
            let rings = Meaning::Leg(Input::LegRings { call, leg, server });
            assert_eq!(about("ChannelStateChange", "", "Ringing"), Some(rings));
            assert_eq!(about("ChannelStateChange", "", "Up"), None);
            let cause = Some(17);
            let gone = Meaning::Leg(Input::LegEnded { call, leg, cause });
            let destroyed = r#""cause":17,"cause_txt":"","#;
            assert_eq!(about("ChannelDestroyed", destroyed, "Down"), Some(gone));
        }
    }

    #[test]
    fn a_supervisors_channel_is_no_caller() {
        let names = Names::new("cordboard");
        let watch = WatchId(uuid::Uuid::from_u128(5));
        let about = |part: WatchPart, kind: &str, rest: &str| {
            let id = names.watch(part, watch);
            let json = format!(
                r#"{{"type":"{kind}","timestamp":"",{rest}"channel":{{"id":"{id}","state":"Up"}}}}"#
            );
            translate(event(&json), &names, PBX)
        };
        let (start, server) = (r#""args":[],"#, PBX);
        let answered = control::Input::WatcherAnswered { watch, server };
        let phone = about(WatchPart::Phone, "StasisStart", start);
        assert_eq!(phone, Some(Meaning::Control(answered)));
        let gone = control::Input::WatcherGone { watch };
        let destroyed = r#""cause":16,"cause_txt":"","#;
        let phone = about(WatchPart::Phone, "ChannelDestroyed", destroyed);
        assert_eq!(phone, Some(Meaning::Control(gone)));
        for (part, mode) in [
            (WatchPart::Listening, WatchMode::Listen),
            (WatchPart::Whispering, WatchMode::Whisper),
        ] {
            let entered = Meaning::SnoopEntered(watch, mode);
            assert_eq!(about(part, "StasisStart", start), Some(entered));
            assert_eq!(about(part, "StasisEnd", ""), None);
        }
    }

    #[test]
    fn the_end_of_a_recording_is_its_calls() {
        let names = Names::new("cordboard");
        let call = CallId(uuid::Uuid::from_u128(5));
        let told = |name: &str| {
            let json = format!(
                r#"{{"type":"RecordingFinished","timestamp":"","recording":{{"name":"{name}","format":"wav","state":"done","target_uri":"bridge:1"}}}}"#
            );
            translate(event(&json), &names, PBX)
        };
        let name = Recording::name_of(call, 1);
        let ended = control::Input::RecordingEnded {
            call,
            name: name.clone(),
        };
        assert_eq!(told(&name), Some(Meaning::Control(ended)));
        assert_eq!(told("of-the-dialplan"), None);
    }
}
