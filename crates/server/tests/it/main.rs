//! The server on a real database, asked over a real socket.
#![allow(clippy::unwrap_used)]

extern crate cordboard_server as server;

mod access;
mod agi;
mod alarms;
mod bad_input;
mod call_statistics;
mod caller_ids;
mod calls;
mod centre;
mod dashboard;
mod deliveries;
mod dialplan;
mod dids;
mod document;
mod emergency;
mod extensions;
mod harness;
mod imports;
mod log_in;
mod nouns;
mod operation;
mod phone_imports;
mod placing;
mod provisioned;
mod reconciliation;
mod reports;
mod retention;
mod rotation;
mod shared_caller_ids;
mod streams;
mod telephony;
