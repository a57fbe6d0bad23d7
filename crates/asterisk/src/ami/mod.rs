//! The Asterisk Manager Interface: codec, client, and the server half for simulators.
//!
//! * [`Parser`] and [`Decoder`] turn bytes into [`Message`]s that borrow them.
//! * [`Client`] keeps one session alive for ever, ties answers to [`Action`]s, and delivers [`Event`]s.
//! * [`ServerSession`] is Asterisk's side.
//!
//! Nothing here knows what an event means. It must never let a header be injected, never hold unbounded bytes, and
//! never lose an event without saying so ([`Item::Lagged`]).
//!
//! Asterisk escapes line breaks in events, but not in the answer to Getvar: a variable that a caller can set may put
//! lines, even whole messages, into the stream. [`Client::variable`] asks in a way that cannot be abused.

mod action;
mod client;
mod config;
mod connect;
mod decode;
mod driver;
mod echo;
mod error;
mod handshake;
mod login;
mod message;
mod outbox;
mod privilege;
mod scan;
mod server;
mod session;
mod variable;

pub use action::{Action, MAX_ACTION_HEADERS, MAX_ACTION_LINE, Reply};
pub use client::{
    Client, Counters, Events, List, MAX_LIST_EVENTS, MAX_PENDING_ACTIONS, MAX_SEND_BACKLOG, State,
};
pub use config::{Auth, Config, Timeouts};
pub use connect::{Connect, Connecting, Stream};
pub use decode::{Decoder, Parser};
pub use error::{AmiError, DecodeError, HeaderError, SessionError};
pub use login::challenge_key;
pub use message::{Event, Kind, Message, OwnedMessage, Response, unescape};
pub use outbox::Item;
pub use privilege::Privileges;
pub use scan::{Limits, LineEnding};
pub use server::{ActionReader, BANNER, Login, ReceivedAction, ReplyWriter, ServerSession};
