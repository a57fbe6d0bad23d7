//! The Asterisk Gateway Interface: a script that Asterisk asks what to do with a call, over TCP (FastAGI) or stdio.
//!
//! * [`Listener`] is a FastAGI server; [`Session`] is one script's session over any byte stream.
//! * [`Decoder`], [`Environment`], [`Command`] and [`words`] are the codec.
//! * [`Channel`] is Asterisk's side.
//!
//! An argument must never become a second command: line breaks are refused, and so are lines that Asterisk would cut
//! in two. A hang-up in mid-session is a state ([`Session::is_hung_up`]); variables can still be read and set.

mod channel;
mod command;
mod decode;
mod environment;
mod error;
mod listener;
mod session;
mod verbs;

pub use channel::Channel;
pub use command::{Command, MAX_COMMAND_LINE, words};
pub use decode::{Decoder, Incoming, MAX_REPLY, Reply};
pub use environment::{Environment, MAX_ENVIRONMENT_LINES};
pub use error::{AgiDecodeError, AgiError, CommandError};
pub use listener::{DEFAULT_MAX_SESSIONS, Listener};
pub use session::{DEFAULT_REPLY_LIMIT, ENVIRONMENT_LIMIT, Session};
pub use verbs::{Digits, Ended};
