//! SIP devices: SIPp does the signalling by the scenarios in `sipp/`, we decide what is done and when, and do the sound.

mod call;
mod journal;
mod phone;
mod sipp;
mod trunk;

pub use call::{Call, CallReport, Outcome};
pub use phone::{Behaviour, Phone};
pub(crate) use sipp::Wiring;
pub use trunk::TrunkCaller;
