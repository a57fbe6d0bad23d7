//! The client over real sockets on loopback, with and without TLS, and the server half under a recording.

use std::sync::Arc;

use cordboard_asterisk::Tls;
use cordboard_asterisk::ami::{Action, Client, Config, Item, Reply, ServerSession, State};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::pbx::{SECRET, secret_of, wait_for};

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn a_recording_passes_through_socket_and_client_unchanged() {
    let recording = include_bytes!("../../testdata/ami/dial-ring-group.ami");
    let first_event = recording
        .windows(7)
        .position(|seven| seven == b"Event: ")
        .unwrap();
    let goodbye = recording
        .windows(17)
        .position(|text| text == b"Response: Goodbye")
        .unwrap();
    let events_only = &recording[first_event..goodbye];
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut session = ServerSession::greet(socket).await.unwrap();
        session.login("7", secret_of).await.unwrap().unwrap();
        session.send_raw(events_only).await.unwrap();
        session
    });
    let (client, mut events) = Client::start(Config::new(address, "cordboard", SECRET));
    let mut received = Vec::new();
    while received.len() < events_only.len() {
        match events.recv().await.unwrap() {
            Item::Event(event) => received.extend_from_slice(event.as_bytes()),
            item => assert_eq!(item, Item::Connected { session: 1 }),
        }
    }
    assert!(received == events_only);
    assert_eq!(client.counters().unrecognised(), 0);
    drop(server);
}

fn acceptor_and_certificate(name: &str) -> (TlsAcceptor, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let pem = made.cert.pem();
    let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(server)), pem)
}

#[tokio::test]
async fn tls_is_spoken_and_the_servers_name_is_checked() {
    let (acceptor, pem) = acceptor_and_certificate("pbx.example");
    let (listener, address) = listener().await;
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let stream = acceptor
            .accept(socket)
            .await
            .expect("a client that expects our name");
        let mut session = ServerSession::greet(stream).await.unwrap();
        session.login("7", secret_of).await.unwrap().unwrap();
        let action = session.next_action().await.unwrap().unwrap();
        session
            .send(&action.answer(Reply::success().header("Ping", "Pong")))
            .await
            .unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        assert!(
            acceptor.accept(socket).await.is_err(),
            "a client that expects another name"
        );
    });

    let trusted = Tls::with_ca_pem(pem.as_bytes()).unwrap();
    let mut config = Config::new(address, "cordboard", SECRET);
    config.tls = Some(trusted.clone().server_name("pbx.example").unwrap());
    let (client, _events) = Client::start(config.clone());
    client.connected().await.unwrap();
    assert_eq!(
        client
            .call(&Action::new("Ping"))
            .await
            .unwrap()
            .get_str("Ping")
            .unwrap(),
        "Pong"
    );

    config.tls = Some(trusted.server_name("other.example").unwrap());
    let (other, _events) = Client::start(config);
    let state = wait_for(&other, |state| matches!(state, State::Waiting { .. })).await;
    let State::Waiting { reason, .. } = state else {
        panic!("{state:?}")
    };
    assert!(reason.contains("certificate"), "{reason}");
    server.await.unwrap();
}

#[tokio::test]
async fn an_unreachable_server_is_said_in_words() {
    let (listener, address) = listener().await;
    drop(listener);
    let (client, _events) = Client::start(Config::new(address, "cordboard", SECRET));
    let state = wait_for(&client, |state| matches!(state, State::Waiting { .. })).await;
    let State::Waiting { reason, .. } = state else {
        panic!("{state:?}")
    };
    assert!(reason.to_lowercase().contains("refused"), "{reason}");
}

#[test]
fn pem_without_a_certificate_is_refused() {
    assert!(Tls::with_ca_pem(b"nothing here").is_err());
}
