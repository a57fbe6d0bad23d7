//! The event stream to clients, over WebSocket and server-sent events: the same frames, the same policy.
//!
//! A client never slows the centre: whoever does not keep up is told `lagged` and may come back with a cursor.

mod feed;
mod socket;
mod sse;

use feed::{Feed, StreamQuery};
pub(crate) use socket::{__path_connect, connect};
pub(crate) use sse::{__path_follow, follow};
