//! The vocabulary: what a call, an agent, a queue, an offer *is*, for every other crate.
//!
//! Plain values with their bounds. No IO, no clock, no randomness, no decisions.

mod agent;
mod call;
mod caller_id;
mod caller_id_import;
mod caller_id_use;
mod centre_change;
mod check;
mod control;
mod delivery;
mod dialplan;
mod did;
mod event;
mod extension;
mod extension_import;
mod id;
mod phone;
mod queue;
mod report_schedule;
mod server;
mod time;
mod trace;
mod trunk;
mod user;

pub use agent::{Agent, AgentState, AgentStatus, Skill};
pub use call::{Call, CallState, Caller, Direction, EndedBy, Outcome, OverflowReason, Placed};
pub use caller_id::{
    Attestation, CallerId, CallerIdRule, MAX_CAP, MAX_CONCURRENT, MAX_LABELS, Tier, Verification,
    checked_presentable,
};
pub use caller_id_import::{CallerIdImport, Imported, MAX_FILE_NAME};
pub use caller_id_use::{CallerIdUse, CampaignUse, Reputation, UseCounts, UseEnd};
pub use centre_change::{CentreChange, CentreChangeKind};
pub use check::{Invalid, checked_dialable, checked_label, checked_name, checked_text, visible};
pub use control::{
    Consult, ConsultState, Control, Deed, MAX_DIGITS, MAX_RECORDINGS, Parked, Recording,
    RecordingState, Watch, WatchMode, WatchState, checked_digits,
};
pub use delivery::{Delivery, DeliveryEvent, DeliveryState, Recipient, Target};
pub use dialplan::{
    BadPattern, DialplanAction, DialplanContext, DialplanRule, HangUpCause, MAX_DIALLED, MAX_RULES,
    MENU_KEYS, Menu, MenuChoice, Pattern, Rest, Symbols, Unanswered,
};
pub use did::{Did, DidTarget, return_wait};
pub use event::{Apart, Candidate, Choice, Event, EventBody, KeptFor, OfferResult, PassedOver};
pub use extension::{
    Codec, DID_CONTEXT, Extension, OWN_CONTEXTS, SipTransport, USUAL_CODECS, USUAL_CONTEXT,
    USUAL_QUALIFY, checked_context, checked_number,
};
pub use extension_import::ExtensionImport;
pub use id::{
    AgentId, ApiKeyId, CallId, CallerIdImportId, CallerIdKey, CentreChangeId, DeliveryId,
    DialplanContextId, DidId, ExtensionId, ExtensionImportId, OfferId, QueueId, RecipientId,
    ReportScheduleId, ReservationId, ServerId, SessionId, TrunkId, UserId, WatchId,
};
pub use phone::{Country, Digits, E164, NotE164, Place};
pub use queue::{
    AnswerOn, DialplanTarget, Member, NoAgents, Overflow, Queue, SkillRequirement, Strategy,
};
pub use report_schedule::{
    Cadence, MAX_SCHEDULE_RECIPIENTS, ReportFormat, ReportOptions, ReportPeriod, ReportSchedule,
    Weekday,
};
pub use server::{AmiAccess, DialOut, ProvisionedBy, Server};
pub use time::{Instant, Now, Timestamp};
pub use trace::Asked;
pub use trunk::{Trunk, TrunkOutbound, TrunkRule};
pub use user::{ApiKey, Role, User};
