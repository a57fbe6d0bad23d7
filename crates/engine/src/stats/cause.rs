//! Hangup causes and what they mean for figures: those of Q.850, and SIP's answers as Asterisk turns them into those.

/// What a hangup cause says of a call that was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseClass {
    /// Nothing went wrong.
    Normal,
    Busy,
    NoAnswer,
    /// A person or a phone refused.
    Rejected,
    /// There is no such number, or it is written wrongly.
    NumberUnknown,
    /// The destination, or its network, is not there.
    Unreachable,
    /// No line, or too much traffic.
    Congestion,
    /// Not allowed, not subscribed, not supported.
    NotAllowed,
    /// Signalling broke.
    Protocol,
    Unknown,
}

impl CauseClass {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::NumberUnknown => "number_unknown",
            Self::Unreachable => "unreachable",
            Self::Congestion => "congestion",
            Self::NotAllowed => "not_allowed",
            Self::Protocol => "protocol",
            Self::Unknown => "unknown",
        }
    }

    /// The network did its part: NER counts it.
    pub fn is_delivered(self) -> bool {
        matches!(
            self,
            Self::Normal | Self::Busy | Self::NoAnswer | Self::Rejected
        )
    }
}

/// One of Q.850's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    pub code: u16,
    pub name: &'static str,
    pub class: CauseClass,
}

const fn cause(code: u16, name: &'static str, class: CauseClass) -> Cause {
    Cause { code, name, class }
}

use CauseClass::{
    Busy, Congestion, NoAnswer, Normal, NotAllowed, NumberUnknown, Protocol, Rejected, Unknown,
    Unreachable,
};

/// In the order of their codes.
const CAUSES: [Cause; 51] = [
    cause(0, "not said", Unknown),
    cause(1, "unallocated number", NumberUnknown),
    cause(2, "no route to the transit network", Unreachable),
    cause(3, "no route to the destination", Unreachable),
    cause(5, "misdialled trunk prefix", NumberUnknown),
    cause(6, "channel unacceptable", Protocol),
    cause(7, "call awarded in an established channel", Normal),
    cause(8, "pre-emption", Congestion),
    cause(14, "number has moved to another carrier", NumberUnknown),
    cause(16, "normal clearing", Normal),
    cause(17, "user busy", Busy),
    cause(18, "no user responding", NoAnswer),
    cause(19, "no answer from the user", NoAnswer),
    cause(20, "subscriber absent", Unreachable),
    cause(21, "call rejected", Rejected),
    cause(22, "number changed", NumberUnknown),
    cause(23, "redirected to a new destination", Normal),
    cause(26, "answered elsewhere", Normal),
    cause(27, "destination out of order", Unreachable),
    cause(28, "invalid number format", NumberUnknown),
    cause(29, "facility rejected", NotAllowed),
    cause(30, "response to a status enquiry", Normal),
    cause(31, "normal, unspecified", Normal),
    cause(34, "no circuit available", Congestion),
    cause(38, "network out of order", Congestion),
    cause(41, "temporary failure", Congestion),
    cause(42, "switching equipment congestion", Congestion),
    cause(43, "access information discarded", Congestion),
    cause(44, "requested circuit not available", Congestion),
    cause(50, "facility not subscribed", NotAllowed),
    cause(52, "outgoing calls barred", NotAllowed),
    cause(54, "incoming calls barred", NotAllowed),
    cause(57, "bearer capability not authorised", NotAllowed),
    cause(58, "bearer capability not available", Congestion),
    cause(65, "bearer capability not implemented", NotAllowed),
    cause(66, "channel type not implemented", NotAllowed),
    cause(69, "facility not implemented", NotAllowed),
    cause(81, "invalid call reference", Protocol),
    cause(88, "incompatible destination", NotAllowed),
    cause(95, "invalid message", Protocol),
    cause(96, "mandatory element missing", Protocol),
    cause(97, "message type unknown", Protocol),
    cause(98, "message in the wrong state", Protocol),
    cause(99, "element unknown", Protocol),
    cause(100, "invalid element", Protocol),
    cause(101, "message not compatible with the call state", Protocol),
    cause(102, "a timer expired", Protocol),
    cause(103, "parameter passed on", Protocol),
    cause(111, "protocol error", Protocol),
    cause(126, "channel replaced", Normal),
    cause(127, "interworking, unspecified", Unknown),
];

/// SIP's final answers and the cause that Asterisk makes of each; others are by their hundred.
const SIP: [(u16, u16); 32] = [
    (401, 21),
    (403, 21),
    (404, 1),
    (405, 127),
    (407, 21),
    (408, 18),
    (409, 41),
    (410, 22),
    (411, 127),
    (413, 127),
    (414, 127),
    (415, 127),
    (420, 3),
    (480, 19),
    (481, 127),
    (482, 127),
    (483, 19),
    (484, 28),
    (485, 1),
    (486, 17),
    (487, 127),
    (488, 58),
    (500, 38),
    (501, 29),
    (502, 27),
    (503, 34),
    (504, 102),
    (505, 127),
    (600, 17),
    (603, 21),
    (604, 1),
    (606, 58),
];

/// All that are known, in the order of their codes.
pub fn causes() -> impl Iterator<Item = &'static Cause> {
    CAUSES.iter()
}

/// The cause with this code; one of no list is unknown.
pub fn cause_of(code: u16) -> Cause {
    let found = CAUSES.binary_search_by_key(&code, |cause| cause.code);
    found.map_or(cause(code, "of no list", Unknown), |at| CAUSES[at])
}

/// SIP's final answers that Asterisk turns into this cause.
pub fn sip_of(code: u16) -> impl Iterator<Item = u16> {
    let same = SIP.iter().filter(move |(_, cause)| *cause == code);
    same.map(|(status, _)| *status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_once() {
        assert!(CAUSES.is_sorted_by(|a, b| a.code < b.code));
        assert!(SIP.is_sorted_by(|a, b| a.0 < b.0));
        for known in causes() {
            assert_eq!(cause_of(known.code), *known);
        }
        assert_eq!(cause_of(999).class, Unknown);
    }

    #[test]
    fn every_answer_of_sip_has_a_known_cause() {
        for (status, code) in SIP {
            assert_eq!(cause_of(code).code, code, "{status}");
            assert_ne!(cause_of(code).name, "of no list", "{status}");
        }
        assert_eq!(sip_of(17).collect::<Vec<_>>(), [486, 600]);
    }

    #[test]
    fn what_the_network_delivered_is_told_from_what_it_did_not() {
        let delivered = |code| cause_of(code).class.is_delivered();
        assert!([16, 17, 18, 19, 21].into_iter().all(delivered));
        assert!(![1, 3, 27, 34, 38, 127].into_iter().any(delivered));
    }
}
