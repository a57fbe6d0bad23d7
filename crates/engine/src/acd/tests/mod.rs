//! Dialogues: this happens, and the engine says exactly that.
#![allow(clippy::unwrap_used, clippy::format_push_string)]

mod centre;
mod path;
