//! The listening socket: how many may connect, how long they may dawdle, and how it all stops.
//!
//! A client that opens a connection and sends its request drop by drop is cut off; it never holds a place for long.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::{ServiceExt as _, service_fn};

/// Connections at once, event streams included. Beyond it new ones wait in the system's backlog.
pub const MAX_CONNECTIONS: usize = 8192;
/// From the connection (or the last answer) to the end of the next request's headers.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// How long requests may take to finish when the server stops.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// The most headers of one request, and the most bytes in which they may come.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 64 * 1024;
/// The pause after the system refused to accept (no file handles left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is cancelled, then lets open requests finish for at most [`STOP_TIMEOUT`].
///
/// Give the router the same `stop`, so that its event streams end too.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let open = TaskTracker::new();
    let cut = CancellationToken::new();
    let http = http(HEADER_TIMEOUT);
    while let Some((place, socket, peer)) = next(&listener, &places, &stop).await {
        let serving = connection(http.clone(), socket, peer, router.clone(), stop.clone());
        let cut = cut.clone();
        open.spawn(async move {
            metrics::gauge!("cordboard_http_connections").increment(1);
            if let Some(Err(error)) = cut.run_until_cancelled(serving).await {
                tracing::debug!(%peer, %error, "a connection broke");
            }
            metrics::gauge!("cordboard_http_connections").decrement(1);
            drop(place);
        });
    }
    drop(listener);
    open.close();
    if tokio::time::timeout(STOP_TIMEOUT, open.wait())
        .await
        .is_err()
    {
        tracing::warn!(open = open.len(), "some requests did not finish in time");
        cut.cancel();
        open.wait().await;
    }
}

/// The next connection, as soon as there is a place for it; `None` when it is time to stop.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let accept = async {
        let place = places.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((socket, peer)) => return Some((place, socket, peer)),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    stop.run_until_cancelled(accept).await.flatten()
}

fn http(header_timeout: Duration) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES);
    http
}

async fn connection(
    http: http1::Builder,
    socket: TcpStream,
    peer: SocketAddr,
    router: Router,
    stop: CancellationToken,
) -> hyper::Result<()> {
    let _ = socket.set_nodelay(true);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(axum::body::Body::new))
    });
    let connection = http
        .serve_connection(TokioIo::new(socket), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn cuts_off_who_dawdles_over_the_headers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut slow = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (socket, peer) = listener.accept().await.unwrap();
        let http = http(Duration::from_millis(50));
        let serving = tokio::spawn(connection(
            http,
            socket,
            peer,
            Router::new(),
            CancellationToken::new(),
        ));
        slow.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            .await
            .unwrap();
        assert!(serving.await.unwrap().is_err(), "the server gave up");
        let mut rest = Vec::new();
        let _ = slow.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{}", String::from_utf8_lossy(&rest));
    }

    #[tokio::test]
    async fn stops_when_told_and_finishes_what_is_open() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (begun, has_begun) = tokio::sync::oneshot::channel::<()>();
        let begun = Arc::new(std::sync::Mutex::new(Some(begun)));
        let go = Arc::new(tokio::sync::Notify::new());
        let gate = go.clone();
        let router = Router::new().route(
            "/slow",
            axum::routing::get(move || async move {
                begun.lock().unwrap().take().unwrap().send(()).unwrap();
                gate.notified().await;
                "done"
            }),
        );
        let serving = tokio::spawn(serve(listener, router, stop.clone()));
        let mut client = TcpStream::connect(address).await.unwrap();
        client
            .write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        has_begun.await.unwrap();
        stop.cancel();
        go.notify_one();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        serving.await.unwrap();
    }
}
