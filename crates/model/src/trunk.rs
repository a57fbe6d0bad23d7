//! The ways to and from the telephone network that we set up in Asterisk.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Codec, Invalid, ServerId, SipTransport, TrunkId, check::bounded, checked_context, checked_text,
};

/// A provider's SIP line. Its password is kept apart, sealed: whoever calls out has to prove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Trunk {
    pub id: TrunkId,
    /// What it is called in dial strings, `PJSIP/{number}@NAME`: a lower-case letter, then such letters, digits, `-`, `_`.
    pub name: String,
    /// The only server that knows it; nothing: all of them.
    pub server: Option<ServerId>,
    /// Where it is: a host name or an address.
    pub host: String,
    pub port: u16,
    pub transport: SipTransport,
    /// The user that we log in there as; nothing: we are known by our address.
    pub username: Option<String>,
    /// We register there, and are called where we registered.
    pub registers: bool,
    /// Whence its calls come: addresses, or networks such as `192.0.2.0/24`. Usually the host.
    pub addresses: Vec<String>,
    /// The dialplan's context in which its calls begin. It is not one that calls out.
    pub context: String,
    /// In the order of preference.
    pub codecs: Vec<Codec>,
    /// The domain that it wants in `From`; usually none.
    pub from_domain: Option<String>,
    /// How often it is asked whether it is still there, in seconds; 0: never.
    pub qualify_seconds: u16,
    pub active: bool,
}

const MAX_NAME: usize = 40;
const MAX_HOST: usize = 253;
const MAX_ADDRESSES: usize = 32;
const MAX_QUALIFY: u16 = 3_600;
/// The width of Asterisk's column `ps_auths.username`.
const MAX_USERNAME: usize = 40;

impl Trunk {
    /// Checks every field's bounds.
    pub fn check(&self) -> Result<(), Invalid> {
        checked_trunk_name(&self.name)?;
        checked_host("host", &self.host)?;
        if self.port == 0 {
            return Err(Invalid::new("port", "is 0"));
        }
        if self.transport == SipTransport::Webrtc {
            let problem = "is webrtc, which is for browsers; use udp, tcp or tls";
            return Err(Invalid::new("transport", problem));
        }
        if let Some(username) = &self.username {
            checked_username(username)?;
        }
        if self.registers && self.username.is_none() {
            return Err(Invalid::new(
                "username",
                "is missing: to register needs one",
            ));
        }
        checked_addresses(&self.addresses)?;
        checked_context("context", &self.context)?;
        if let Some(domain) = &self.from_domain {
            checked_host("from_domain", domain)?;
        }
        crate::extension::checked_codecs(&self.codecs)?;
        if self.qualify_seconds > MAX_QUALIFY {
            let problem = format!("must be at most {MAX_QUALIFY}");
            return Err(Invalid::new("qualify_seconds", problem));
        }
        Ok(())
    }
}

/// No number of a phone can be one, nor a path.
fn checked_trunk_name(name: &str) -> Result<(), Invalid> {
    bounded("name", name, 1, MAX_NAME)?;
    crate::checked_name("name", name)?;
    if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Ok(())
    } else {
        Err(Invalid::new("name", "does not begin with a letter"))
    }
}

/// A host name, or an address; IPv6 ones in brackets.
fn checked_host(field: &'static str, host: &str) -> Result<(), Invalid> {
    bounded(field, host, 1, MAX_HOST)?;
    let in_brackets = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_host = if let Some(address) = in_brackets {
        address.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        host.chars().all(plain) && !host.starts_with(['-', '.'])
    };
    if is_host {
        Ok(())
    } else {
        let problem = "is no host name or address; IPv6 addresses stand in brackets";
        Err(Invalid::new(field, problem))
    }
}

/// It stands in a SIP address and in files.
fn checked_username(username: &str) -> Result<(), Invalid> {
    checked_text("username", username, MAX_USERNAME)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()+$@".contains(c);
    match username.chars().find(|c| !plain(*c)) {
        Some(bad) => Err(Invalid::new("username", format!("has {bad:?}"))),
        None if username.is_empty() => Err(Invalid::new("username", "is empty")),
        None => Ok(()),
    }
}

fn checked_addresses(addresses: &[String]) -> Result<(), Invalid> {
    if addresses.len() > MAX_ADDRESSES {
        let problem = format!("has more than {MAX_ADDRESSES} entries");
        return Err(Invalid::new("addresses", problem));
    }
    for address in addresses {
        if !is_network(address) && checked_host("addresses", address).is_err() {
            let problem = format!("{address:?} is no address, network or host name");
            return Err(Invalid::new("addresses", problem));
        }
    }
    Ok(())
}

/// An address with how many of its bits count. That of everybody is nobody's: the whole internet would be this trunk.
fn is_network(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else {
        return text.parse::<std::net::IpAddr>().is_ok();
    };
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    matches!(bits.parse::<u8>(), Ok(bits) if (8..=most).contains(&bits))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Timestamp;

    fn trunk() -> Trunk {
        Trunk {
            id: TrunkId::new(Timestamp::default(), 1),
            name: "provider".to_owned(),
            server: None,
            host: "sip.example.net".to_owned(),
            port: 5060,
            transport: SipTransport::Udp,
            username: Some("4215550100".to_owned()),
            registers: true,
            addresses: vec!["192.0.2.0/24".to_owned(), "[2001:db8::1]".to_owned()],
            context: "from-provider".to_owned(),
            codecs: vec![Codec::Alaw],
            from_domain: None,
            qualify_seconds: 60,
            active: true,
        }
    }

    fn refused(change: impl FnOnce(&mut Trunk)) -> &'static str {
        let mut trunk = trunk();
        change(&mut trunk);
        trunk.check().unwrap_err().field
    }

    #[test]
    fn what_would_be_something_else_in_asterisk_is_refused() {
        assert_eq!(trunk().check(), Ok(()));
        for name in [
            "",
            "../../etc",
            "101",
            "-a",
            "A",
            "a b",
            "a;b",
            "a\nb",
            &"x".repeat(41),
        ] {
            assert_eq!(refused(|it| it.name = name.into()), "name", "{name:?}");
        }
        for host in [
            "", "a b", "a;b", "a/b", "a@b", "a:5060", "[::1", "[x]", "-a", ".a", "a\n",
        ] {
            assert_eq!(refused(|it| it.host = host.into()), "host", "{host:?}");
        }
        for username in ["", "a b", "a;b", "a:b", "a\"b", "a\nb", &"x".repeat(41)] {
            let field = refused(|it| it.username = Some(username.into()));
            assert_eq!(field, "username", "{username:?}");
        }
        for address in ["0.0.0.0/0", "::/0", "192.0.2.0/33", "a/8", "a b", "1,2"] {
            let field = refused(|it| it.addresses = vec![address.into()]);
            assert_eq!(field, "addresses", "{address:?}");
        }
        assert_eq!(refused(|it| it.port = 0), "port");
        assert_eq!(
            refused(|it| it.transport = SipTransport::Webrtc),
            "transport"
        );
        assert_eq!(refused(|it| it.username = None), "username");
        assert_eq!(
            refused(|it| it.from_domain = Some("a b".into())),
            "from_domain"
        );
        assert_eq!(refused(|it| it.codecs.clear()), "codecs");
    }
}
