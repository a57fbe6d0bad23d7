//! The few ARI questions that the lab itself asks. Tests of our own ARI client use that client, not this.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::error::{Doing, LabError, Result};

/// How long Asterisk may take over one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of one answer.
const LONGEST: u64 = 8 * 1024 * 1024;

/// A channel as `GET /channels` shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Channel {
    pub id: String,
    /// Such as `PJSIP/101-00000003`.
    pub name: String,
    /// Such as `Ring` or `Up`.
    pub state: String,
}

/// An endpoint as `GET /endpoints` shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Endpoint {
    pub technology: String,
    pub resource: String,
    /// `online`, `offline` or `unknown`.
    pub state: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct AriClient {
    address: SocketAddr,
    login: String,
}

impl AriClient {
    pub(crate) fn new(address: SocketAddr, user: &str, secret: &str) -> Self {
        Self {
            address,
            login: base64(format!("{user}:{secret}").as_bytes()),
        }
    }

    /// Asks below `/ari`. A status other than 2xx is an error.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let body = self.request("GET", path).await?;
        serde_json::from_slice(&body)
            .map_err(|error| LabError::Unexpected(format!("ARI answered {path} with {error}")))
    }

    pub(crate) async fn request(&self, method: &str, path: &str) -> Result<Vec<u8>> {
        let request = format!(
            "{method} /ari{path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\nConnection: close\r\n\
             Content-Length: 0\r\n\r\n",
            self.address, self.login
        );
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.take(LONGEST).read_to_end(&mut answer).await?;
            Ok(answer)
        };
        let answer = tokio::time::timeout(ANSWER_LIMIT, exchange)
            .await
            .map_err(|_| LabError::timeout(format!("ARI's answer to {path}"), ANSWER_LIMIT))?
            .doing(|| format!("ask ARI for {path}"))?;
        let end = answer
            .windows(4)
            .position(|bytes| bytes == b"\r\n\r\n")
            .unwrap_or(answer.len());
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let body = answer.get(end + 4..).unwrap_or_default().to_vec();
        match head.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(body),
            _ => Err(LabError::Unexpected(format!(
                "ARI answered {path} with {:?} {}",
                head.lines().next().unwrap_or_default(),
                String::from_utf8_lossy(&body)
            ))),
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0_usize, |group, n| {
            group << 8 | usize::from(*chunk.get(n).unwrap_or(&0))
        });
        for n in 0..4 {
            let digit = if n <= chunk.len() {
                DIGITS[group >> (18 - 6 * n) & 63]
            } else {
                b'='
            };
            text.push(char::from(digit));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_pads() {
        for (plain, coded) in [
            ("", ""),
            ("a", "YQ=="),
            ("ab", "YWI="),
            ("abc", "YWJj"),
            ("user:pass", "dXNlcjpwYXNz"),
        ] {
            assert_eq!(super::base64(plain.as_bytes()), coded);
        }
    }
}
