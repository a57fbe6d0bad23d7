//! The Asterisk REST Interface: calls controlled by an application outside of Asterisk.
//!
//! [`Client::connect`] gives a handle for requests and a stream of [`Incoming`] things: events, and what becomes of
//! the connection. Requests travel over HTTP or over the event WebSocket, whichever this Asterisk has; the caller
//! sees no difference. One file per noun; Asterisk's own names for everything.
//!
//! It never retries a request: whether a second attempt is wanted is the caller's to know, and with ids of the
//! caller's own choosing it is safe. It never skips an event in silence, and it never fights another client over an
//! application.

mod applications;
mod asterisk;
mod bridges;
mod channels;
mod client;
mod config;
mod connection;
mod core;
mod device_states;
mod endpoints;
mod event;
mod fields;
mod http;
mod playbacks;
mod queue;
mod recordings;
mod rest;
mod snapshot;
mod socket;
mod stats;
#[cfg(test)]
mod tests;
pub mod timestamp;
mod version;
mod way;

pub use applications::{Application, Applications};
pub use asterisk::{Asterisk, AsteriskInfo};
pub use bridges::{Bridge, Bridges, Join};
pub use channels::{
    CallerId, Channel, ChannelState, Channels, Create, DialplanPosition, HangupReason, Originate,
};
pub use client::{Client, ConnectionState};
pub use config::{Config, ConfigError, Timing, Transport};
pub use core::{MAX_IN_FLIGHT, MAX_WAITING};
pub use device_states::{DeviceState, DeviceStates};
pub use endpoints::{ContactInfo, Endpoint, Endpoints};
pub use event::{AttendedTransfer, BlindTransfer, Event, EventError, EventKind, MAX_EVENT_BYTES};
pub use http::MAX_CONNECTIONS;
pub use playbacks::{Playback, Playbacks};
pub use queue::{EVENT_QUEUE, Events, Incoming};
pub use recordings::{IfExists, LiveRecording, Record, Recordings, StoredRecording};
pub use rest::{MAX_ANSWER_BYTES, RestError};
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use version::Version;
pub use way::{Exchange, Watcher};
