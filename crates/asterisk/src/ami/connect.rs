//! How a client gets its byte stream: TCP, TLS over TCP, or what a test hands in.

use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::config::Config;
use crate::Tls;

/// A two-way byte stream.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A future of a connected stream.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// Makes connections, one after the other, for as long as the client lives.
pub trait Connect: Send + Sync + 'static {
    /// Connects once. The client bounds the time.
    fn connect(&self) -> Connecting<'_>;
}

/// TCP, with TLS where the configuration has it.
#[derive(Debug, Clone)]
pub(super) struct Tcp {
    address: String,
    tls: Option<Tls>,
}

impl Tcp {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            address: config.address.clone(),
            tls: config.tls.clone(),
        }
    }
}

impl Connect for Tcp {
    fn connect(&self) -> Connecting<'_> {
        Box::pin(async move {
            let tcp = TcpStream::connect(&self.address).await?;
            tcp.set_nodelay(true)?;
            let Some(tls) = &self.tls else {
                return Ok(Box::new(tcp) as Box<dyn Stream>);
            };
            let host = self
                .address
                .rsplit_once(':')
                .map_or(self.address.as_str(), |(host, _)| host);
            Ok(Box::new(tls.connect(host, tcp).await?) as Box<dyn Stream>)
        })
    }
}
