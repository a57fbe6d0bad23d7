//! Whole clients, logged in to a server on loopback that sends the recording as fast as it is read.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use asterisk_ami::{AmiConnection, Tag};
use asterisk_manager::{AmiEvent, Manager, ManagerOptions};
use cordboard_asterisk::ami::{Auth, Client, Config, Item};
use tokio::runtime::Runtime;
use tokio::sync::broadcast::error::RecvError;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

use crate::Subject;
use crate::parsers::{ASTERISK_AMI, ASTERISK_MANAGER};

/// Events received and lost.
#[derive(Default)]
struct Counted {
    received: u64,
    lost: u64,
}

pub fn all() -> Vec<Subject> {
    vec![
        Subject {
            name: "ours",
            run: Box::new(|bytes| run(bytes, |port| Box::pin(ours(port)))),
        },
        Subject {
            name: ASTERISK_AMI,
            run: Box::new(|bytes| run(bytes, |port| Box::pin(asterisk_ami(port)))),
        },
        Subject {
            name: ASTERISK_MANAGER,
            run: Box::new(|bytes| run(bytes, |port| Box::pin(asterisk_manager(port)))),
        },
    ]
}

type Counting = std::pin::Pin<Box<dyn Future<Output = Counted>>>;

fn run(bytes: &[u8], client: impl Fn(u16) -> Counting) -> (f64, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let port = listener.local_addr().expect("bound").port();
    let bytes: Arc<[u8]> = bytes.into();
    let server = std::thread::spawn(move || serve(&listener, &bytes));
    let runtime = Runtime::new().expect("a runtime");
    let counted = runtime.block_on(client(port));
    let ended = Instant::now();
    let began = server.join().expect("the server ran");
    let remark = format!(
        "{} events received, {} lost",
        counted.received, counted.lost
    );
    (ended.duration_since(began).as_secs_f64(), remark)
}

/// Lets one client log in, then sends everything; when the sending began.
fn serve(listener: &TcpListener, bytes: &[u8]) -> Instant {
    let (mut socket, _) = listener.accept().expect("a client");
    socket.set_nodelay(true).expect("a socket");
    socket
        .write_all(b"Asterisk Call Manager/11.0.0\r\n")
        .expect("a client that reads");
    let id = login_id(&mut socket);
    let accepted =
        format!("Response: Success\r\nActionID: {id}\r\nMessage: Authentication accepted\r\n\r\n");
    socket
        .write_all(accepted.as_bytes())
        .expect("a client that reads");
    let banner = memchr::memchr(b'\n', bytes).expect("a banner") + 1;
    let began = Instant::now();
    // The recording starts with the answer to its own log-in, which no client waits for here.
    let first_event = memchr::memmem::find(&bytes[banner..], b"Event: ").expect("an event");
    let _ = socket.write_all(&bytes[banner + first_event..]);
    began
}

fn login_id(socket: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        let length = socket.read(&mut buffer).expect("a log-in");
        assert!(length > 0, "the client left");
        request.extend_from_slice(&buffer[..length]);
    }
    let request = String::from_utf8(request).expect("text");
    let id = request
        .lines()
        .find_map(|line| line.strip_prefix("ActionID: "));
    id.unwrap_or_default().to_owned()
}

async fn ours(port: u16) -> Counted {
    let mut config = Config::new(format!("127.0.0.1:{port}"), "bench", "bench");
    config.auth = Auth::Plain;
    let (_client, mut events) = Client::start(config);
    let mut counted = Counted::default();
    while let Some(item) = events.recv().await {
        match item {
            Item::Event(event) => counted.received += u64::from(!event.name().is_empty()),
            Item::Lagged(lost) => counted.lost += lost,
            Item::Disconnected => break,
            _ => {}
        }
    }
    counted
}

async fn asterisk_ami(port: u16) -> Counted {
    let connection = AmiConnection::connect(("127.0.0.1", port))
        .await
        .expect("a connection");
    let mut events = connection.events();
    let login = [
        "Action: Login",
        "ActionID: 1",
        "Username: bench",
        "Secret: bench",
    ];
    let login = login
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(key, value)| Tag::from(key, value));
    connection.send(login.collect()).await.expect("an answer");
    let mut counted = Counted::default();
    loop {
        match events.recv().await {
            Ok(Some(_)) => counted.received += 1,
            Err(RecvError::Lagged(lost)) => counted.lost += lost,
            Ok(None) | Err(RecvError::Closed) => return counted,
        }
    }
}

async fn asterisk_manager(port: u16) -> Counted {
    let mut manager = Manager::new_with_buffer(Config::DEFAULT_EVENT_BUFFER);
    let mut events = manager.all_events_stream().await;
    let options = ManagerOptions {
        port,
        host: "127.0.0.1".into(),
        username: "bench".into(),
        password: "bench".into(),
        events: true,
    };
    manager.connect_and_login(options).await.expect("a log-in");
    let mut counted = Counted::default();
    while let Some(event) = events.next().await {
        match event {
            Ok(AmiEvent::InternalConnectionLost { .. }) => break,
            Ok(_) => counted.received += 1,
            Err(BroadcastStreamRecvError::Lagged(lost)) => counted.lost += lost,
        }
    }
    counted
}
