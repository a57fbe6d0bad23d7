//! Where a Redis is: one server, or some nodes of a cluster, and whom its certificates have to be signed by.

use redis::{ConnectionInfo, IntoConnectionInfo as _, TlsCertificates};

use crate::ClusterError;

/// The most nodes of a cluster that an address may name; the others are found through them.
pub const MAX_HOSTS: usize = 64;

/// An address that has been understood.
#[derive(Clone)]
pub struct Address {
    pub(crate) hosts: Vec<ConnectionInfo>,
    pub(crate) certificates: Option<TlsCertificates>,
    shown: String,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Without the password.
impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Address {
    /// Reads `redis://[user:password@]host:port[,host:port…][/database]`; `rediss://` for TLS.
    pub fn parse(url: &str) -> Result<Self, ClusterError> {
        let shown = without_password(url);
        let refused = || ClusterError::Address(shown.clone());
        let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
        if !matches!(scheme, "redis" | "rediss") {
            return Err(refused());
        }
        let (login, rest) = match rest.rfind('@') {
            Some(at) => rest.split_at(at + 1),
            None => ("", rest),
        };
        let (hosts, database) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let hosts = hosts
            .split(',')
            .take(MAX_HOSTS)
            .map(|host| {
                let url = format!("{scheme}://{login}{}{database}", host.trim());
                url.into_connection_info().map_err(|_| refused())
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            hosts,
            certificates: None,
            shown,
        })
    }

    /// Only certificates that are signed by one of these (PEM) are believed, instead of those that the machine trusts.
    #[must_use]
    pub fn signed_by(mut self, authorities: Vec<u8>) -> Self {
        self.certificates = Some(TlsCertificates {
            client_tls: None,
            root_cert: Some(authorities),
        });
        self
    }
}

fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 <= at => {
            format!("{}…{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hosts(url: &str) -> Vec<String> {
        let address = Address::parse(url).unwrap();
        let hosts = address.hosts.iter().map(|host| host.addr().to_string());
        hosts.collect()
    }

    #[test]
    fn a_password_is_never_shown() {
        let address = Address::parse("redis://me:p%40ss@10.0.0.1:6379/0").unwrap();
        assert_eq!(address.to_string(), "redis://…@10.0.0.1:6379/0");
        let why = Address::parse("http://me:secret@10.0.0.1").unwrap_err();
        assert!(!why.to_string().contains("secret"), "{why}");
        assert_eq!(without_password("redis://localhost"), "redis://localhost");
    }

    #[test]
    fn an_address_may_name_several_hosts() {
        let three = hosts("redis://:pass,word@10.0.0.1:7000,10.0.0.2:7001, localhost/0");
        assert_eq!(three, ["10.0.0.1:7000", "10.0.0.2:7001", "localhost:6379"]);
        assert_eq!(hosts("rediss://[::1]:7000"), ["::1:7000"]);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "localhost:6379",
            "redis://",
            "redis://host:port",
            "unix:///run/redis",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
