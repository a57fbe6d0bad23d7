//! A FastAGI server: accepts Asterisk's connections and runs a handler for each.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::Semaphore;

use super::session::Session;

/// Sessions at a time unless told otherwise.
pub const DEFAULT_MAX_SESSIONS: usize = 4096;
/// How long to rest after a failure to accept, such as too many open files.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A bound FastAGI port. Above its number of sessions it hangs up at once: Asterisk sets `AGISTATUS` and goes on in the
/// dialplan, which is better than a caller who waits.
///
/// ```no_run
/// use cordboard_asterisk::agi::{Listener, Session};
/// use tokio::net::TcpStream;
///
/// async fn answer(mut session: Session<TcpStream>) {
///     let _ = session.set_variable("CRM_NAME", "Zoe Example").await;
/// }
///
/// # async fn example() -> std::io::Result<()> {
/// Listener::bind("127.0.0.1:4573").await?.serve(answer).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    room: Arc<Semaphore>,
    refused: Arc<AtomicU64>,
}

impl Listener {
    /// Binds the port; 4573 by custom. AGI knows no authentication: bind to loopback or a private network.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let tcp = TcpListener::bind(address).await?;
        let room = Arc::new(Semaphore::new(DEFAULT_MAX_SESSIONS));
        Ok(Self {
            tcp,
            room,
            refused: Arc::default(),
        })
    }

    /// At most this many sessions at a time.
    #[must_use]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.room = Arc::new(Semaphore::new(sessions));
        self
    }

    /// The bound address.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Counts the connections that were refused: for want of room, or for their address.
    pub fn refused(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.refused)
    }

    /// Serves for ever. Dropping the future stops accepting; sessions that run go on.
    pub async fn serve<H, F>(self, handler: H)
    where
        H: Fn(Session<TcpStream>) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send,
    {
        self.serve_admitted(|_| true, handler).await;
    }

    /// The same, for addresses that are admitted; others are hung up on before a byte is read.
    pub async fn serve_admitted<A, H, F>(self, admits: A, handler: H)
    where
        A: Fn(IpAddr) -> bool + Send,
        H: Fn(Session<TcpStream>) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send,
    {
        loop {
            let (socket, peer) = match self.tcp.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "FastAGI connection could not be accepted");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                    continue;
                }
            };
            if !admits(peer.ip()) {
                self.refused.fetch_add(1, Relaxed);
                tracing::warn!(%peer, "FastAGI session refused: not from an address that is admitted");
                continue;
            }
            let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
                self.refused.fetch_add(1, Relaxed);
                tracing::warn!(%peer, "FastAGI session refused: too many at a time");
                continue;
            };
            let handler = handler.clone();
            tokio::spawn(async move {
                let _ = socket.set_nodelay(true);
                match Session::start(socket).await {
                    Ok(session) => handler(session).await,
                    Err(error) => tracing::warn!(%peer, %error, "FastAGI session did not start"),
                }
                drop(permit);
            });
        }
    }
}
