//! Mail, over the server that `[mail]` names. What stands in headers was checked when it came in, and is encoded when it goes out.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor,
    message::{
        Attachment, Mailbox, MultiPart,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use model::{Delivery, DeliveryId, Timestamp};

use super::{Message, worker::Undelivered};
use crate::config::{MailConfig, MailTls, Secret};

/// The longest wait for a connection; all the rest has the time that a delivery has.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Refusals for good that are about us, and not about the message: somebody may put the configuration right.
const ABOUT_US: [u16; 6] = [500, 504, 530, 534, 535, 538];

/// Sends mail.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// Nothing: there is no mail server.
    pub(crate) fn new(config: &MailConfig) -> Result<Option<Self>, String> {
        let Some(host) = &config.host else {
            return Ok(None);
        };
        let from = checked_from(config.from.as_deref().unwrap_or_default())?;
        let tls = match config.tls {
            MailTls::Required => Tls::Wrapper(parameters(host, config.ca.as_ref())?),
            MailTls::StartTls => Tls::Required(parameters(host, config.ca.as_ref())?),
            MailTls::NoneOnLoopback => Tls::None,
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(config.port())
            .tls(tls)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(CONNECT_TIMEOUT));
        if let (Some(user), Some(password)) = (&config.user, &config.password) {
            let password = password.expose().to_owned();
            transport = transport.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Some(Self {
            transport: transport.build(),
            from,
        }))
    }

    /// Says hello as a delivery would, and no more.
    pub(crate) async fn reach(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it is not ready".to_owned()),
            Err(error) => Err(reason(&error)),
        }
    }

    pub(super) async fn send(
        &self,
        address: &str,
        delivery: &Delivery,
        message: &Arc<Message>,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        let composing = {
            let (from, address) = (self.from.clone(), address.to_owned());
            let (id, message) = (delivery.id, message.clone());
            tokio::task::spawn_blocking(move || -> Result<_, String> {
                let mail = compose(from, &address, id, &message, now)?;
                Ok((mail.envelope().clone(), mail.formatted()))
            })
        };
        let composed = composing.await;
        let composed = composed.map_err(|error| Undelivered::for_now(error.to_string()))?;
        let (envelope, mail) = composed.map_err(Undelivered::for_good)?;
        let sent = self.transport.send_raw(&envelope, &mail).await;
        sent.map(drop).map_err(|error| Undelivered {
            for_good: error.is_permanent()
                && error.status().is_some_and(|code| {
                    let code: u16 = code.into();
                    !ABOUT_US.contains(&code)
                }),
            why: format!("the mail server: {}", reason(&error)),
        })
    }
}

fn compose(
    from: Mailbox,
    address: &str,
    delivery: DeliveryId,
    message: &Message,
    now: Timestamp,
) -> Result<lettre::Message, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let id = format!("<{delivery}@{}>", from.email.domain());
    let date = Duration::from_micros(u64::try_from(now.as_micros()).unwrap_or_default());
    // Nobody's holiday is answered to a program (RFC 3834).
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    let head = lettre::Message::builder()
        .from(from)
        .to(Mailbox::new(None, checked(address)?))
        .subject(message.subject.clone())
        .message_id(Some(id))
        .date(SystemTime::UNIX_EPOCH + date)
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    let words_of_it = MultiPart::alternative_plain_html(message.text.clone(), message.html.clone());
    let mail = match &message.file {
        None => head.multipart(words_of_it),
        Some(file) => {
            let kind = ContentType::parse(file.media_type).map_err(|error| words(&error))?;
            let file = Attachment::new(file.name.clone()).body(file.bytes.to_vec(), kind);
            head.multipart(MultiPart::mixed().multipart(words_of_it).singlepart(file))
        }
    };
    mail.map_err(|error| words(&error))
}

/// What lies deepest; the server's own words, where it refused.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    match error.status() {
        Some(code) => format!("{code} {deepest}"),
        None => deepest.to_string(),
    }
}

fn parameters(host: &str, ca: Option<&Secret>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(ca) = ca {
        let certificate = Certificate::from_pem(ca.expose().as_bytes());
        let certificate = certificate.map_err(|error| format!("`ca`: {error}"))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|error| error.to_string())
}

/// Who mail is from: `reports@example.com`, or `Reports <reports@example.com>`.
pub(crate) fn checked_from(text: &str) -> Result<Mailbox, String> {
    if text.chars().any(char::is_control) {
        return Err("`from` has a control character".to_owned());
    }
    let mailbox = text.parse::<Mailbox>();
    mailbox.map_err(|error| format!("`from` is no mail address: {error}"))
}

/// A recipient's address.
pub(super) fn checked(address: &str) -> Result<Address, String> {
    let parsed = address.parse::<Address>();
    parsed.map_err(|error| format!("is no mail address: {error}"))
}
