//! The shared pool on a real Redis: the one that `lab services run -- …` names in the environment, and for faults one of the
//! test's own. Without it these tests say that they were skipped, and fail where a skip is not allowed.

#![allow(clippy::unwrap_used)]

extern crate cordboard_cluster as cluster;

mod faults;
mod fixtures;
mod moves;
mod nodes;
mod random_hours;
mod rules;
mod tls;
