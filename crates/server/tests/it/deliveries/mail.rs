//! Mail servers that want to be spoken to encrypted, and by somebody they know.

use std::{sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use server::{
    auth::AuthConfig,
    config::{MailConfig, MailTls, Secret},
    deliveries::Settings,
};
use tokio_rustls::TlsAcceptor;

use super::{
    mailed,
    receivers::{MailServer, Manners},
    settings, test, wait_error, wait_state,
};
use crate::harness::{Client, Server};

/// A mail server's certificate, and who has signed it, in PEM.
fn certified() -> (TlsAcceptor, Secret) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), Secret::new(&authority))
}

/// A server of ours that sends by `to`, and is Ann there.
async fn sending(to: &MailServer, tls: MailTls, ca: Option<Secret>) -> (Server, Client, String) {
    let plain = settings(Some(to));
    let settings = Settings {
        mail: MailConfig {
            tls,
            ca,
            user: Some("ann".to_owned()),
            password: Some(Secret::new("correct horse")),
            ..plain.mail
        },
        first_pause: Duration::from_millis(300),
        ..plain
    };
    let server = Server::start_by(AuthConfig::default(), |_, setup| {
        setup.deliveries = settings;
    })
    .await;
    let root = server.administrator().await;
    let ops = mailed(&root, "Ops", "ops@example.com").await;
    (server, root, ops)
}

#[tokio::test]
async fn mail_leaves_encrypted_and_in_our_name() {
    for (tls, wraps) in [(MailTls::Required, true), (MailTls::StartTls, false)] {
        let (acceptor, authority) = certified();
        let mail = MailServer::start_with(Manners {
            tls: Some(acceptor),
            wraps,
            log_in: Some(("ann", "correct horse")),
            // An administrator may put that right.
            mistrusts: 1,
        })
        .await;
        let (_server, root, ops) = sending(&mail, tls, Some(authority)).await;
        let path = test(&root, &ops).await;
        wait_error(&root, &path, "535").await;
        assert_eq!(wait_state(&root, &path, "sent").await["attempts"], 2);
        let got = mail.got();
        assert_eq!(got.len(), 1);
        assert!(got[0].encrypted && got[0].logged_in, "{tls:?}");
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_mail_server_that_does_not_encrypt_or_is_another() {
    let (acceptor, _) = certified();
    let (_, other) = certified();
    let log_in = Some(("ann", "correct horse"));
    let plain = Manners {
        log_in,
        ..Manners::default()
    };
    let encrypting = |wraps| Manners {
        tls: Some(acceptor.clone()),
        wraps,
        ..plain.clone()
    };
    for (manners, tls, why) in [
        (plain.clone(), MailTls::StartTls, "STARTTLS"),
        (
            encrypting(false),
            MailTls::StartTls,
            "invalid peer certificate",
        ),
        (
            encrypting(true),
            MailTls::Required,
            "invalid peer certificate",
        ),
    ] {
        let mail = MailServer::start_with(manners).await;
        let (_server, root, ops) = sending(&mail, tls, Some(other.clone())).await;
        let path = test(&root, &ops).await;
        let waits = wait_error(&root, &path, why).await;
        assert_eq!(waits["state"], "waiting", "{waits}");
        assert!(mail.got().is_empty() && mail.log_ins() == 0);
    }
}
