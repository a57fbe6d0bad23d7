//! The server: drives the engines, talks to Asterisk, keeps the truth and shows it.

pub mod clock;
pub mod journal;
pub mod secrets;
pub mod stream;
