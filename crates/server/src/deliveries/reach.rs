//! Which addresses a webhook may have: not every one that an administrator of the centre can name is theirs to reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where clouds tell their machines secrets, outside of the link-local networks.
const METADATA: [IpAddr; 6] = [
    // Alibaba, Oracle, Azure.
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Amazon, Google, Oracle.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
];

/// Why this address may not be reached, if so; reads on from it.
pub(super) fn refused(address: IpAddr, allow_private: bool) -> Option<&'static str> {
    let address = plain(address);
    if METADATA.contains(&address) || is_of_nobody(address) {
        return Some("is link-local, of a cloud's metadata, or of no single host: never reached");
    }
    if !allow_private && is_private(address) {
        return Some("is private or this machine: set webhooks.allow_private to reach it");
    }
    None
}

/// IPv4 in the clothes of IPv6 is what it is.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let v4 = |high: u16, low: u16| {
        let bits = u32::from(high) << 16 | u32::from(low);
        IpAddr::V4(Ipv4Addr::from_bits(bits))
    };
    match v6.segments() {
        // Compatible (not `::1`), mapped, translated, NAT64.
        [0, 0, 0, 0, 0, 0, high @ 1..=u16::MAX, low]
        | [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // 6to4.
        | [0x2002, high, low, ..] => v4(high, low),
        // Teredo.
        [0x2001, 0, .., high, low] => v4(!high, !low),
        _ => address,
    }
}

/// Link-local, unspecified, for many, not in use, or behind a NAT64 of this network, of which nobody can say whom it reaches.
fn is_of_nobody(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let first = v4.octets()[0];
            v4.is_link_local() || first == 0 || first >= 224
        }
        IpAddr::V6(v6) => {
            let is_behind_nat64 = v6.segments()[..3] == [0x64, 0xff9b, 1];
            is_behind_nat64
                || v6.is_unicast_link_local()
                || v6.is_unspecified()
                || v6.is_multicast()
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let is_of_some_network = matches!(
                v4.octets(),
                // Shared by a provider's customers, of protocols, for measuring.
                [100, 64..128, ..] | [192, 0, 0, _] | [198, 18..20, ..]
            );
            v4.is_loopback() || v4.is_private() || is_of_some_network
        }
        IpAddr::V6(v6) => {
            let is_site_local = v6.segments()[0] & 0xffc0 == 0xfec0;
            v6.is_loopback() || v6.is_unique_local() || is_site_local
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn metadata_is_never_reached_in_whatever_clothes() {
        for address in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "::a9fe:a9fe",
            "::ffff:0:169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "2001:0:1:1::5601:5601",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
            "::ffff:168.63.129.16",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            for allow_private in [false, true] {
                let refused = refused(address.parse().unwrap(), allow_private);
                assert!(refused.is_some(), "{address} {allow_private}");
            }
        }
    }

    #[test]
    fn private_networks_are_reached_where_that_is_said() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.0.8",
            "::1",
            "fc00::1",
            "fec0::1",
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "2001:0:1:1::f5ff:fffe",
        ] {
            let address = address.parse().unwrap();
            assert!(refused(address, false).is_some(), "{address}");
            assert_eq!(refused(address, true), None, "{address}");
        }
        for address in [
            "192.0.2.1",
            "172.32.0.1",
            "100.128.0.1",
            "198.20.0.1",
            "192.0.1.1",
            "2001:db8::1",
            "64:ff9b::192.0.2.1",
        ] {
            assert_eq!(refused(address.parse().unwrap(), false), None, "{address}");
        }
    }
}
