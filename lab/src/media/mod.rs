//! Sound: tones made and recognised, µ-law, RTP. Proves who hears whom; never touches signalling.

mod g711;
mod rtp;
mod tone;
mod voice;

pub(crate) use rtp::{RtpEndpoint, ulaw_file};
pub(crate) use tone::Ear;
pub use tone::Tone;
pub use voice::Voice;
