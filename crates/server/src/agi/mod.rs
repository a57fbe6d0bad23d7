//! Caller IDs by AGI: the scripts `next-cid` and `release`, for a dialplan that asks over FastAGI.
//!
//! `cordboard agi` reads the same question and tells the same answer on standard input and output, in one process for each call.
//!
//! What Asterisk sends may be written by whoever calls: it is bounded, and nothing of it goes back into a command. A call is
//! never held up for longer than [`SCRIPT_LIMIT`], and whatever goes wrong leaves its caller ID as it was.

mod answer;
mod next_cid;
mod over_http;
mod question;
mod release;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use asterisk::agi::{AgiError, Listener, Session};
use tokio::{net::TcpStream, task::JoinHandle};
use tokio_util::sync::CancellationToken;

pub use answer::{Answer, Presented, Status};
pub use over_http::{OverHttp, Script};
pub use question::{Question, Unclear};
pub use release::{Ended, NotEnded};

use crate::{callerid::CallerIds, numbers::Numbers};

/// The longest that a script holds a call.
pub const SCRIPT_LIMIT: Duration = Duration::from_secs(2);
/// Scripts at a time. One takes about a millisecond; above it Asterisk goes on in its dialplan at once.
pub const MAX_SCRIPTS: usize = 1024;

/// What scripts reach.
struct Scripts {
    caller_ids: CallerIds,
    numbers: Numbers,
}

/// A port that scripts are asked for on.
pub(crate) struct Listening {
    listener: Listener,
    address: SocketAddr,
}

impl Listening {
    pub(crate) async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = Listener::bind(address).await?.max_sessions(MAX_SCRIPTS);
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs scripts for the addresses that are admitted until it is told to stop.
    pub(crate) fn serve(
        self,
        admits: impl Fn(IpAddr) -> bool + Send + 'static,
        caller_ids: CallerIds,
        numbers: Numbers,
        stop: CancellationToken,
    ) -> JoinHandle<()> {
        let scripts = Arc::new(Scripts {
            caller_ids,
            numbers,
        });
        // A connection that says nothing must not keep the allocator from ending.
        let weak = Arc::downgrade(&scripts);
        let serving = self.listener.serve_admitted(admits, move |session| {
            let scripts = weak.upgrade();
            async move {
                if let Some(scripts) = scripts {
                    scripts.run(session).await;
                }
            }
        });
        tokio::spawn(async move {
            stop.run_until_cancelled(serving).await;
            drop(scripts);
        })
    }
}

impl Scripts {
    async fn run(&self, mut session: Session<TcpStream>) {
        session.set_reply_limit(SCRIPT_LIMIT);
        let script = session.environment().script().into_owned();
        let running = async {
            match script.trim_matches('/') {
                "next-cid" => self.next_cid(&mut session).await,
                "release" => self.release(&mut session).await,
                _ => {
                    session
                        .verbose(
                            "cordboard: no such script; there are next-cid and release",
                            1,
                        )
                        .await
                }
            }
        };
        match tokio::time::timeout(SCRIPT_LIMIT, running).await {
            Ok(Ok(())) => {}
            Ok(Err(AgiError::Closed)) => tracing::debug!(script, "the call left its script"),
            Ok(Err(error)) => tracing::warn!(script, %error, "an AGI script failed"),
            Err(_) => tracing::warn!(script, limit = ?SCRIPT_LIMIT, "an AGI script took too long"),
        }
        let _ = session.finish().await;
    }
}
