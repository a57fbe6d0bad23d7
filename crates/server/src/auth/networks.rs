//! Networks whose programs are believed without a key.

use std::{net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// The most networks in a list.
const MAX_NETWORKS: usize = 100;

/// Some networks, written `127.0.0.0/8, 10.1.2.3`. An address alone is a network of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// This machine.
    pub fn loopback() -> Self {
        let [four, six] = ["127.0.0.0/8", "::1/128"].map(str::parse);
        Self([four, six].into_iter().flatten().collect())
    }

    /// An IPv4 address may come in IPv6's clothes (`::ffff:127.0.0.1`).
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &IpNet> {
        self.0.iter()
    }

    /// `None`: one of them is none, or there are too many.
    pub(crate) fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let network = |text: &str| {
            let text = text.trim();
            let alone = || IpAddr::from_str(text).ok().map(IpNet::from);
            text.parse().ok().or_else(alone)
        };
        let networks: Option<Vec<_>> = texts.map(network).collect();
        networks.filter(|all| all.len() <= MAX_NETWORKS).map(Self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_is_in_its_network_however_it_is_dressed() {
        let inside = |networks: &str, address: &str| {
            let networks = Networks::parse(networks.split(',')).unwrap();
            networks.contains(address.parse().unwrap())
        };
        for (networks, address, expected) in [
            ("127.0.0.0/8", "127.9.9.9", true),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true),
            ("10.1.2.3, 10.2.0.0/16", "10.2.200.1", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("::1", "127.0.0.1", false),
            ("0.0.0.0/0", "::2", false),
        ] {
            assert_eq!(
                inside(networks, address),
                expected,
                "{address} in {networks}"
            );
        }
        assert!(Networks::loopback().contains("::1".parse().unwrap()));
        assert!(!Networks::loopback().contains("198.51.100.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "localhost",
            "10.0.0.0/33",
            "10.0.0",
            "10.0.0.0/8 10.0.0.1",
        ] {
            assert_eq!(Networks::parse([text].into_iter()), None, "{text:?}");
        }
        let many = ["10.0.0.1"; MAX_NETWORKS + 1];
        assert_eq!(Networks::parse(many.into_iter()), None);
    }
}
