//! The ids that we choose for channels and bridges, so that an event can be understood without having seen its request.

use engine::dial::Leg;
use model::{CallId, OfferId, WatchId};

/// Ids of one application; another Cordboard on the same Asterisk has another.
#[derive(Debug, Clone)]
pub(super) struct Names {
    agent: String,
    bridge: String,
    dial: String,
    hold: String,
    consult: String,
    ringing: String,
    transfer: String,
    watch: String,
}

impl Names {
    pub(super) fn new(application: &str) -> Self {
        Self {
            agent: format!("{application}-agent-"),
            bridge: format!("{application}-bridge-"),
            // No application's name has a tilde, so these are in nobody else's names.
            dial: format!("{application}~dial-"),
            hold: format!("{application}~hold-"),
            consult: format!("{application}~consult-"),
            ringing: format!("{application}~ringing-"),
            transfer: format!("{application}~transfer-"),
            watch: format!("{application}~watch-"),
        }
    }

    /// The channel to the agent's phone.
    pub(super) fn agent_channel(&self, offer: OfferId) -> String {
        format!("{}{offer}", self.agent)
    }

    /// The bridge of caller and agent.
    pub(super) fn bridge(&self, offer: OfferId) -> String {
        format!("{}{offer}", self.bridge)
    }

    /// A channel of a call that we place.
    pub(super) fn leg(&self, call: CallId, leg: Leg) -> String {
        format!("{}{}-{call}", self.dial, word(leg))
    }

    /// The bridge of a call that we place.
    pub(super) fn dial_bridge(&self, call: CallId) -> String {
        format!("{}bridge-{call}", self.dial)
    }

    /// Where the customer of a call waits.
    pub(super) fn hold_bridge(&self, call: CallId) -> String {
        format!("{}{call}", self.hold)
    }

    pub(super) fn call_of_hold_bridge(&self, bridge: &str) -> Option<CallId> {
        bridge.strip_prefix(&self.hold)?.parse().ok()
    }

    /// The channel to the `number`th third person of a call.
    pub(super) fn consult(&self, call: CallId, number: u32) -> String {
        format!("{}{number}-{call}", self.consult)
    }

    pub(super) fn consult_of_channel(&self, channel: &str) -> Option<(CallId, u32)> {
        let (number, call) = channel.strip_prefix(&self.consult)?.split_once('-')?;
        Some((call.parse().ok()?, number.parse().ok()?))
    }

    /// What the agent hears while a third person's phone rings.
    pub(super) fn ringing(&self, call: CallId) -> String {
        format!("{}{call}", self.ringing)
    }

    /// The bridge of a customer and whom the customer was given to.
    pub(super) fn transfer_bridge(&self, call: CallId) -> String {
        format!("{}{call}", self.transfer)
    }

    pub(super) fn call_of_transfer_bridge(&self, bridge: &str) -> Option<CallId> {
        bridge.strip_prefix(&self.transfer)?.parse().ok()
    }

    /// A channel, or the bridge, of a supervisor on a call.
    pub(super) fn watch(&self, part: WatchPart, watch: WatchId) -> String {
        format!("{}{}-{watch}", self.watch, part.word())
    }

    pub(super) fn watch_of(&self, part: WatchPart, id: &str) -> Option<WatchId> {
        let (kind, watch) = id.strip_prefix(&self.watch)?.split_once('-')?;
        (kind == part.word()).then(|| watch.parse().ok())?
    }

    /// Is this channel a supervisor's, whichever part?
    pub(super) fn is_watch(&self, channel: &str) -> bool {
        channel.starts_with(&self.watch)
    }

    pub(super) fn leg_of_channel(&self, channel: &str) -> Option<(CallId, Leg)> {
        let (kind, call) = channel.strip_prefix(&self.dial)?.split_once('-')?;
        let leg = [Leg::Agent, Leg::Customer]
            .into_iter()
            .find(|leg| word(*leg) == kind)?;
        Some((call.parse().ok()?, leg))
    }

    /// What a channel on a trunk is counted as: ours are, before Asterisk has told of them.
    pub(super) fn counted_as(&self, channel: &str) -> String {
        match (
            self.leg_of_channel(channel),
            self.consult_of_channel(channel),
        ) {
            (Some((call, Leg::Customer)), _) => customer_of(call),
            (_, Some((call, number))) => third_of(call, number),
            _ => channel.to_owned(),
        }
    }

    pub(super) fn call_of_dial_bridge(&self, bridge: &str) -> Option<CallId> {
        let call = bridge.strip_prefix(&self.dial)?.strip_prefix("bridge-")?;
        call.parse().ok()
    }

    pub(super) fn offer_of_channel(&self, channel: &str) -> Option<OfferId> {
        channel.strip_prefix(&self.agent)?.parse().ok()
    }

    pub(super) fn offer_of_bridge(&self, bridge: &str) -> Option<OfferId> {
        bridge.strip_prefix(&self.bridge)?.parse().ok()
    }
}

/// What the customer's channel of a call that we place is counted as.
pub(super) fn customer_of(call: CallId) -> String {
    format!("{call}")
}

/// The same of the `number`th third person of a call.
pub(super) fn third_of(call: CallId, number: u32) -> String {
    format!("{call}/{number}")
}

/// What a supervisor's part in a call is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WatchPart {
    /// The channel to the supervisor's phone.
    Phone,
    /// The bridge of phone and snoop channel.
    Bridge,
    /// Hears the agent's channel.
    Listening,
    /// The same, and the agent hears it.
    Whispering,
}

impl WatchPart {
    fn word(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Bridge => "bridge",
            Self::Listening => "listening",
            Self::Whispering => "whispering",
        }
    }
}

fn word(leg: Leg) -> &'static str {
    match leg {
        Leg::Agent => "agent",
        Leg::Customer => "customer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel_of(names: &Names, call: CallId) -> String {
        names.leg(call, Leg::Agent)
    }

    #[test]
    fn a_leg_is_known_by_its_name_alone() {
        let names = Names::new("cordboard");
        let call = CallId::new(model::Timestamp::from_micros(1_000_000), 7);
        for leg in [Leg::Agent, Leg::Customer] {
            let channel = names.leg(call, leg);
            assert_eq!(names.leg_of_channel(&channel), Some((call, leg)));
            assert_eq!(names.offer_of_channel(&channel), None);
            // The second half of a Local channel is the dialplan's.
            assert_eq!(names.leg_of_channel(&format!("{channel};2")), None);
        }
        let bridge = names.dial_bridge(call);
        assert_eq!(names.call_of_dial_bridge(&bridge), Some(call));
        assert_eq!(names.leg_of_channel(&bridge), None);
        let other = names.leg(call, Leg::Agent);
        assert_eq!(Names::new("other").leg_of_channel(&other), None);
        let third = names.consult(call, 12);
        assert_eq!(names.consult_of_channel(&third), Some((call, 12)));
        assert_eq!(names.consult_of_channel(&format!("{third};2")), None);
        let pair = names.transfer_bridge(call);
        assert_eq!(names.call_of_transfer_bridge(&pair), Some(call));
        let watch = WatchId(call.0);
        let phone = names.watch(WatchPart::Phone, watch);
        assert_eq!(names.watch_of(WatchPart::Phone, &phone), Some(watch));
        assert_eq!(names.watch_of(WatchPart::Bridge, &phone), None);
        assert!(names.is_watch(&phone) && !names.is_watch(&channel_of(&names, call)));
        assert_eq!(
            names.call_of_hold_bridge(&names.hold_bridge(call)),
            Some(call)
        );
        // Whatever the other application is called.
        let offer = OfferId(call.0);
        for other in ["cordboard-dial", "cordboard-dial-agent", "cordboard-agent"].map(Names::new) {
            let channel = other.agent_channel(offer);
            assert_eq!(names.leg_of_channel(&channel), None);
            assert_eq!(names.offer_of_channel(&channel), None);
            assert_eq!(names.call_of_dial_bridge(&other.bridge(offer)), None);
        }
    }
}
