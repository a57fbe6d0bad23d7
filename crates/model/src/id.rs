//! Identifiers: UUIDv7, made by us, so that they sort by time and need no round trip to a database. A call that is placed with an idempotency key has one made
//! of the key, which sorts anywhere.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            /// The id of something made at `at`, from 74 random bits (the rest of `random` is ignored).
            pub fn new(at: Timestamp, random: u128) -> Self {
                let millis = u64::try_from(at.as_micros() / 1000).unwrap_or(0);
                let mut bytes = [0; 10];
                bytes.copy_from_slice(&random.to_be_bytes()[..10]);
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A person (or device) who takes calls.
    AgentId,
    /// A key for programs.
    ApiKeyId,
    /// A customer's whole contact, over all its channels.
    CallId,
    /// One file of caller IDs that was taken in.
    CallerIdImportId,
    /// One of the numbers that we may present.
    CallerIdKey,
    /// One time that a centre file was applied.
    CentreChangeId,
    /// One message to one recipient.
    DeliveryId,
    /// A context of the dialplan.
    DialplanContextId,
    /// One of our own numbers.
    DidId,
    /// A phone that we set up.
    ExtensionId,
    /// One file of phones that was taken in.
    ExtensionImportId,
    /// One attempt to give one call to one agent.
    OfferId,
    /// A line of waiting callers.
    QueueId,
    /// Somebody who is told of reports or alarms.
    RecipientId,
    /// A report that is sent by the calendar.
    ReportScheduleId,
    /// One use of a caller ID, from the choice to the end of the call.
    ReservationId,
    /// One Asterisk.
    ServerId,
    /// A log-in.
    SessionId,
    /// A way to and from the telephone network.
    TrunkId,
    /// Somebody who logs in.
    UserId,
    /// A supervisor on somebody's call.
    WatchId,
}
