//! Webhooks: a signed POST. Redirects are not followed and the answer is not read: its status says everything.

use std::{error::Error as _, net::IpAddr, sync::Arc, time::Duration};

use model::{Delivery, Timestamp};
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
};
use ring::hmac;

use super::{Message, on_a_slow_line, reach, worker::Undelivered};
use crate::tls;

/// The longest wait for a connection, and for the answer's status; of a large message longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(20);
/// The receiver is gone for good.
const GONE: u16 = 410;

/// Sends webhooks.
pub(super) struct Webhooks {
    client: Client,
    allow_private: bool,
}

impl Webhooks {
    pub(super) fn new(allow_private: bool) -> Result<Self, String> {
        let tls = tls::client().map_err(|error| error.to_string())?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .dns_resolver(Reachable { allow_private })
            .pool_max_idle_per_host(0)
            // Through a proxy nobody could say which address is reached.
            .no_proxy()
            .user_agent(concat!("Cordboard/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            allow_private,
        })
    }

    pub(super) async fn send(
        &self,
        url: &str,
        secret: &str,
        delivery: &Delivery,
        message: &Arc<Message>,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        let url = checked(url, self.allow_private).map_err(Undelivered::for_good)?;
        let timestamp = now.as_second().to_string();
        let signing = {
            let (message, delivery) = (message.clone(), delivery.clone());
            let (secret, timestamp) = (secret.to_owned(), timestamp.clone());
            tokio::task::spawn_blocking(move || {
                let (media_type, body) = message.body(&delivery);
                let signature = signature(&secret, &timestamp, &body);
                (media_type, body, signature)
            })
        };
        let signed = signing.await;
        let (media_type, body, signature) =
            signed.map_err(|error| Undelivered::for_now(error.to_string()))?;
        let mut request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, media_type)
            .header("Cordboard-Event", delivery.event.as_str())
            .header("Cordboard-Delivery", delivery.id.to_string())
            .header("Cordboard-Timestamp", timestamp)
            .header("Cordboard-Signature", format!("v1={signature}"));
        if let Some(file) = &message.file {
            let disposition = format!("attachment; filename=\"{}\"", file.name);
            request = request.header(header::CONTENT_DISPOSITION, disposition);
            let missing = header::HeaderValue::from_str(&file.missing.join(", "));
            if let Some(missing) = missing.ok().filter(|missing| !missing.is_empty()) {
                request = request.header("Cordboard-Incomplete", missing);
            }
        }
        let longest = TIMEOUT + on_a_slow_line(message);
        let answer = request.timeout(longest).body(body).send().await;
        let status = answer.map_err(|error| unsent(&error, longest))?.status();
        if status.is_success() {
            return Ok(());
        }
        let answered = if status.is_redirection() {
            format!("it answered {status}: redirects are not followed")
        } else {
            format!("it answered {status}")
        };
        Err(Undelivered {
            why: answered,
            for_good: status.as_u16() == GONE,
        })
    }
}

/// What lies deepest: above it stands only that a request failed, with an address that may have a secret in it.
fn unsent(error: &reqwest::Error, longest: Duration) -> Undelivered {
    if error.is_timeout() {
        let seconds = longest.as_secs();
        return Undelivered::for_now(format!("it did not answer within {seconds} s"));
    }
    let mut deepest: Option<&dyn std::error::Error> = error.source();
    while let Some(source) = deepest.and_then(std::error::Error::source) {
        deepest = Some(source);
    }
    let why = deepest.map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    Undelivered::for_now(why)
}

/// The address, if it is one that may be reached as far as can be told without asking for its name.
pub(super) fn checked(text: &str, allow_private: bool) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("does not start with http:// or https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user in it: the signature says who asks".to_owned());
    }
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    let literal = literal.parse::<IpAddr>().ok();
    match literal.and_then(|address| reach::refused(address, allow_private)) {
        Some(why) => Err(format!("has the address {host}, which {why}")),
        None => Ok(url),
    }
}

/// HMAC-SHA256 of the time, a dot and the body, in hexadecimal digits.
fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    use std::fmt::Write as _;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let tag = context.sign();
    tag.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Finds the addresses of a name, and those only that may be reached: what was looked at is what is connected to.
struct Reachable {
    allow_private: bool,
}

impl Resolve for Reachable {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let mut why = None;
            let mut reachable = Vec::new();
            for address in found {
                match reach::refused(address.ip(), allow_private) {
                    None => reachable.push(address),
                    Some(refused) => why = Some((address.ip(), refused)),
                }
            }
            match why {
                Some((address, why)) if reachable.is_empty() => {
                    Err(format!("{} is {address}, which {why}", name.as_str()).into())
                }
                _ => Ok(Box::new(reachable.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_the_manual_says() {
        // printf '1767312000.{}' | openssl dgst -sha256 -hmac secret
        let expected = "bf684d4b4175435ec1a0ac244c222205cab9dceec4988b777938995e2d91a0cd";
        assert_eq!(signature("secret", "1767312000", b"{}"), expected);
    }

    #[tokio::test]
    async fn a_name_is_only_as_good_as_its_addresses() {
        let found = async |allow_private: bool| {
            let name = "localhost".parse().ok()?;
            let found = Reachable { allow_private }.resolve(name).await;
            found.ok().map(Iterator::count)
        };
        assert!(found(true).await.is_some_and(|addresses| addresses > 0));
        assert_eq!(found(false).await, None);
    }

    #[test]
    fn addresses_are_looked_at_before_they_are_kept() {
        assert!(checked("https://example.com/hook", false).is_ok());
        assert!(checked("http://127.0.0.1:8000/", true).is_ok());
        for (url, allow_private) in [
            ("http://127.0.0.1/", false),
            ("http://2130706433/", false),
            ("http://0x7f.1/", false),
            ("http://[::1]/", false),
            ("http://[::ffff:10.0.0.1]/", false),
            ("http://169.254.169.254/latest/meta-data", true),
            ("http://[fe80::1]/", true),
            ("http://0/", true),
            ("http://user:pass@example.com/", true),
            ("ftp://example.com/", true),
            ("file:///etc/passwd", true),
            ("", true),
            ("http://", true),
            ("https:///", true),
            ("nonsense", true),
        ] {
            assert!(checked(url, allow_private).is_err(), "{url}");
        }
    }
}
