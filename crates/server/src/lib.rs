//! The server: drives the engines, talks to Asterisk, keeps the truth and shows it.

pub mod app;
pub mod clock;
pub mod config;
pub mod journal;
pub mod numbers;
pub mod secrets;
pub mod stream;
pub mod telephony;
