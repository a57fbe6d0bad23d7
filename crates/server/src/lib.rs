//! The server: drives the engines, talks to Asterisk, keeps the truth and shows it.

pub mod agi;
mod alarms;
mod api;
pub mod app;
pub mod auth;
mod background;
pub mod callerid;
pub mod cdr;
pub mod clock;
pub mod config;
mod csv_rows;

pub mod data_folder;
pub mod deliveries;
pub mod doctor;
mod exports;
mod extract;
pub mod journal;
pub mod listen;
pub mod numbers;
mod openapi;
mod period;
mod problem;
pub mod provision;
pub mod queue_log;
pub mod realtime;
mod reconcile;
mod reports;
mod retention;
pub mod secrets;
mod start;
mod state;
pub mod stream;
pub mod telephony;
mod tls;
mod visible;
mod web;
mod ws;

pub use api::{openapi, router};
pub use start::{Running, start};
