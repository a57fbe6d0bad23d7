//! ARI on a loopback port: HTTP, the event WebSocket, and REST over it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::apps::SOCKET_QUEUE;
use super::faults::Boot;
use super::rest::{self, Call, Reply, decoded, refuse};
use super::shared::Shared;

/// Larger requests are refused.
const MAX_REQUEST_BYTES: usize = 1024 * 1024;

/// What every request needs.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) shared: Arc<Shared>,
    /// Cancelled to break the event connections alone.
    pub(super) sockets: Arc<std::sync::Mutex<CancellationToken>>,
}

/// Serves until `power` is cut, which also breaks every connection without a word.
pub(super) async fn serve(service: Service, listener: TcpListener, power: CancellationToken) {
    let router = Router::new().fallback(request).with_state(service);
    let listener = Wire {
        listener,
        power: power.clone(),
    };
    let serving = axum::serve(listener, router);
    tokio::select! {
        _ = async { serving.await } => {}
        () = power.cancelled() => {}
    }
}

async fn request(State(service): State<Service>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let (boot, version) = service
        .shared
        .with(|world| (world.faults.boot, world.config.version.clone()));
    let mut response = if boot == Boot::NotLoaded {
        StatusCode::NOT_FOUND.into_response()
    } else if !authorized(&service, &parts) {
        let mut refused = into_response(refuse(401, "Authentication required"));
        let realm = HeaderValue::from_static("Basic realm=\"Asterisk REST Interface\"");
        refused
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, realm);
        refused
    } else {
        let uri = parts
            .uri
            .path_and_query()
            .map(ToString::to_string)
            .unwrap_or_default();
        match uri.strip_prefix("/ari/") {
            None => StatusCode::NOT_FOUND.into_response(),
            Some(events) if events == "events" || events.starts_with("events?") => {
                listen(service, &mut parts, events.to_owned()).await
            }
            Some(uri) => match to_bytes(body, MAX_REQUEST_BYTES).await {
                Err(_) => into_response(refuse(413, "Request Entity Too Large")),
                Ok(body) => match Call::new(parts.method.as_str(), uri, &body) {
                    Some(call) => into_response(rest::answer(&service.shared, call).await),
                    None => into_response(refuse(400, "Error parsing request body")),
                },
            },
        }
    };
    if let Ok(server) = HeaderValue::from_str(&format!("Asterisk/{version}")) {
        response.headers_mut().insert(header::SERVER, server);
    }
    response
}

fn into_response((status, body): Reply) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        Some(body) => (
            status,
            [(header::CONTENT_TYPE, "application/json")],
            body.to_string(),
        )
            .into_response(),
        None => status.into_response(),
    }
}

/// Basic authentication or `api_key=user:password`.
fn authorized(service: &Service, parts: &Parts) -> bool {
    let wanted = service
        .shared
        .with(|world| format!("{}:{}", world.config.username, world.config.password));
    let basic = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(&wanted)
    );
    let given = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    given == Some(&basic)
        || query(parts.uri.query().unwrap_or_default(), "api_key").as_deref() == Some(&wanted)
}

fn query(query: &str, key: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|pair| pair.0 == key)
        .map(|pair| decoded(pair.1))
}

async fn listen(service: Service, parts: &mut Parts, uri: String) -> Response {
    let given = uri
        .split_once('?')
        .map_or("", |(_, query)| query)
        .to_owned();
    let apps: Vec<String> = query(&given, "app")
        .unwrap_or_default()
        .split(',')
        .filter(|app| !app.is_empty())
        .map(str::to_owned)
        .collect();
    if apps.is_empty() {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let all = query(&given, "subscribeAll").is_some_and(|all| all == "true");
    match WebSocketUpgrade::from_request_parts(parts, &service).await {
        Ok(upgrade) => {
            // Registered before the handshake ends: who sees it end is in the list of applications.
            let (socket, messages) = mpsc::channel(SOCKET_QUEUE);
            let serial = service.shared.with(|world| {
                let serial = world.serial();
                for app in &apps {
                    world.listen(app, all, socket.clone(), serial);
                }
                serial
            });
            upgrade.on_upgrade(move |socket| talk(service, socket, messages, serial))
        }
        Err(_) => StatusCode::UPGRADE_REQUIRED.into_response(),
    }
}

async fn talk(
    service: Service,
    mut socket: WebSocket,
    mut messages: mpsc::Receiver<String>,
    serial: u64,
) {
    let cut = service
        .sockets
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone();
    let talking = async {
        let mut silent = false;
        let mut working: Option<Working> = None;
        loop {
            // Events that were caused before an answer leave before it. While a request is worked on, nothing more is
            // read, not even pings.
            let text = tokio::select! {
                biased;
                message = messages.recv(), if !silent => {
                    // Without a sender it was replaced: it stays open and hears nothing more.
                    silent = message.is_none();
                    let Some(message) = message else { continue };
                    message
                }
                answer = finished(&mut working), if working.is_some() => answer,
                received = socket.recv(), if working.is_none() => match received {
                    Some(Ok(Message::Text(text))) => {
                        working = Some(Box::pin(over_socket(Arc::clone(&service.shared), text.to_string())));
                        continue;
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => break,
                },
            };
            if socket.send(Message::text(text)).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = talking => {}
        () = cut.cancelled() => {}
    }
    service.shared.with(|world| world.stop_listening(serial));
}

/// A request over the WebSocket that becomes its answer.
type Working = Pin<Box<dyn Future<Output = String> + Send>>;

/// The answer of the request that is worked on, which then is over.
async fn finished(working: &mut Option<Working>) -> String {
    let answer = match working.as_mut() {
        Some(work) => work.await,
        None => std::future::pending().await,
    };
    *working = None;
    answer
}

/// One request over the WebSocket.
async fn over_socket(shared: Arc<Shared>, text: String) -> String {
    let request: Value = serde_json::from_str(&text).unwrap_or_default();
    let part = |member: &str| request[member].as_str().unwrap_or_default().to_owned();
    let body = part("message_body");
    let (status, answer) = if part("type") == "RESTRequest" {
        match Call::new(&part("method"), &part("uri"), body.as_bytes()) {
            Some(call) => rest::answer(&shared, call).await,
            None => refuse(400, "Error parsing request body"),
        }
    } else {
        refuse(400, "Missing or invalid type")
    };
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let mut response = json!({
        "type": "RESTResponse",
        "transaction_id": part("transaction_id"),
        "request_id": part("request_id"),
        "status_code": status,
        "reason_phrase": reason,
        "uri": part("uri"),
    });
    if let Some(answer) = answer {
        response["content_type"] = "application/json".into();
        response["message_body"] = answer.to_string().into();
    }
    response.to_string()
}

/// A listener whose connections break when the power goes.
struct Wire {
    listener: TcpListener,
    power: CancellationToken,
}

impl axum::serve::Listener for Wire {
    type Io = Plugged<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            if let Ok((stream, address)) = self.listener.accept().await {
                let _ = stream.set_nodelay(true);
                return (Plugged::new(stream, &self.power), address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A stream that ends when the power goes.
pub(super) struct Plugged<S> {
    stream: S,
    unplugged: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl<S> Plugged<S> {
    pub(super) fn new(stream: S, power: &CancellationToken) -> Self {
        Self {
            stream,
            unplugged: Box::pin(power.clone().cancelled_owned()),
        }
    }

    fn is_unplugged(&mut self, context: &mut Context<'_>) -> bool {
        self.unplugged.as_mut().poll(context).is_ready()
    }
}

fn broken() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl<S: AsyncRead + Unpin> AsyncRead for Plugged<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_unplugged(context) {
            return Poll::Ready(Err(broken()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Plugged<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_unplugged(context) {
            return Poll::Ready(Err(broken()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
