//! Caller-ID rotation as dialplans and dashboards have asked for it before: `/next-cid`, `/add-number`, `/api/…`.
//!
//! Paths, parameters, shapes and codes stand as documented there, so that only the address changes. Refusals are problems,
//! whose `detail` those programs read. What is new goes into further members and never changes an old one.

mod dashboard;
mod ended;
mod manage;
mod next;
mod stats;

pub(crate) use dashboard::{__path_dashboard, dashboard};
pub(crate) use ended::{__path_ended, ended};
pub(crate) use manage::{__path_add, __path_release, add, release};
pub(crate) use next::{__path_next, __path_next_text, destination, name, next, next_text, refused};
pub(crate) use stats::{__path_stats, stats};
