//! The ways to and from the telephone network that we set up in Asterisk.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Codec, E164, Invalid, ServerId, SipTransport, TrunkId, check::bounded, checked_context,
    checked_text,
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
    /// Which calls go out by it; nothing: they only come in.
    pub outbound: Option<TrunkOutbound>,
}

/// Which calls go out by a trunk, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrunkOutbound {
    /// Trunks with a smaller one are tried first.
    pub priority: u16,
    /// How many calls it gets beside trunks of the same priority and cost: twice the weight, twice the calls.
    #[schema(minimum = 1, maximum = 1000)]
    pub weight: u16,
    /// Calls that may be up on it at a time, those that come in included; nothing: any number.
    #[schema(minimum = 1)]
    pub max_channels: Option<u16>,
    /// Calls that may begin on it within one second; nothing: any number.
    #[schema(minimum = 1, maximum = 1000)]
    pub max_calls_per_second: Option<u16>,
    /// The numbers that it takes. None: it takes all, dialled as digits with the country code.
    #[schema(max_items = 500)]
    pub rules: Vec<TrunkRule>,
}

/// Numbers that a trunk takes, and how it wants them dialled. Of several that fit, the one with the longest prefix counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrunkRule {
    /// How the number begins, as digits with the country code and without `+`; empty: any number.
    #[schema(max_length = 15, example = "421")]
    pub prefix: String,
    /// How many digits are taken away at the front.
    #[schema(maximum = 15)]
    pub strip: u8,
    /// What is put in front then: digits, and `+`, `*` or `#`.
    #[schema(max_length = 20, example = "0")]
    pub prepend: String,
    /// What a minute costs, in millionths of the currency that you reckon in. Cheaper trunks of the same priority are tried first.
    pub cost_micros_per_minute: Option<u32>,
}

impl Default for TrunkOutbound {
    fn default() -> Self {
        Self {
            priority: 10,
            weight: 1,
            max_channels: None,
            max_calls_per_second: None,
            rules: Vec::new(),
        }
    }
}

impl TrunkOutbound {
    /// The longest prefix that fits; a trunk without rules takes all numbers as they are.
    pub fn rule_for(&self, number: E164) -> Option<TrunkRule> {
        if self.rules.is_empty() {
            return Some(TrunkRule::default());
        }
        let digits = number.digits().to_string();
        let fits = |rule: &&TrunkRule| {
            digits.starts_with(&rule.prefix) && digits.len() > usize::from(rule.strip)
        };
        let fitting = self.rules.iter().filter(fits);
        fitting.max_by_key(|rule| rule.prefix.len()).cloned()
    }

    fn check(&self) -> Result<(), Invalid> {
        let within = |field, value: Option<u16>, most: u16| match value {
            Some(value) if value == 0 || value > most => {
                Err(Invalid::new(field, format!("must be 1 to {most}")))
            }
            _ => Ok(()),
        };
        within("outbound.weight", Some(self.weight), MAX_RATE)?;
        within("outbound.max_channels", self.max_channels, u16::MAX)?;
        within(
            "outbound.max_calls_per_second",
            self.max_calls_per_second,
            MAX_RATE,
        )?;
        if self.rules.len() > MAX_RULES {
            let problem = format!("has more than {MAX_RULES} entries");
            return Err(Invalid::new("outbound.rules", problem));
        }
        let mut prefixes = BTreeSet::new();
        for rule in &self.rules {
            rule.check()?;
            if !prefixes.insert(&rule.prefix) {
                let problem = format!("has the prefix {:?} twice", rule.prefix);
                return Err(Invalid::new("outbound.rules", problem));
            }
        }
        Ok(())
    }
}

impl TrunkRule {
    /// The number as this trunk wants it dialled.
    pub fn dialled(&self, number: E164) -> String {
        let digits = number.digits().to_string();
        let kept = digits.get(usize::from(self.strip)..).unwrap_or_default();
        format!("{}{kept}", self.prepend)
    }

    fn check(&self) -> Result<(), Invalid> {
        let wrong = |problem: String| Err(Invalid::new("outbound.rules", problem));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if self.prefix.len() > MAX_PREFIX || !are_digits(&self.prefix) {
            return wrong(format!(
                "has the prefix {:?}; write at most {MAX_PREFIX} digits, country code first, without +",
                self.prefix
            ));
        }
        if usize::from(self.strip) > MAX_PREFIX {
            return wrong(format!("strips more than {MAX_PREFIX} digits"));
        }
        let behind_plus = self.prepend.strip_prefix('+').unwrap_or(&self.prepend);
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#');
        if self.prepend.len() > MAX_PREPEND || !behind_plus.bytes().all(plain) {
            return wrong(format!(
                "prepends {:?}; write at most {MAX_PREPEND} of digits, *, # and a leading +",
                self.prepend
            ));
        }
        Ok(())
    }
}

/// The longest number (ITU-T E.164).
const MAX_PREFIX: usize = 15;
const MAX_PREPEND: usize = 20;
const MAX_RULES: usize = 500;
/// The highest weight, and the most calls within a second.
const MAX_RATE: u16 = 1_000;
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
        self.outbound.as_ref().map_or(Ok(()), TrunkOutbound::check)
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
            outbound: Some(TrunkOutbound::default()),
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

    fn rule(prefix: &str, strip: u8, prepend: &str) -> TrunkRule {
        TrunkRule {
            prefix: prefix.to_owned(),
            strip,
            prepend: prepend.to_owned(),
            cost_micros_per_minute: None,
        }
    }

    #[test]
    fn the_longest_prefix_says_how_a_number_is_dialled() {
        let mut outbound = TrunkOutbound {
            rules: vec![
                rule("421", 3, "0"),
                rule("42190", 0, "+"),
                rule("1", 0, "011"),
            ],
            ..TrunkOutbound::default()
        };
        let dialled = |outbound: &TrunkOutbound, number: &str| {
            let number = number.parse().unwrap();
            outbound.rule_for(number).map(|rule| rule.dialled(number))
        };
        let taken = |number: &str| dialled(&outbound, number);
        assert_eq!(taken("+421255501000").as_deref(), Some("0255501000"));
        assert_eq!(taken("+421905550100").as_deref(), Some("+421905550100"));
        assert_eq!(taken("+12025550100").as_deref(), Some("01112025550100"));
        assert_eq!(taken("+442079460000"), None);
        outbound.rules.clear();
        let as_is = dialled(&outbound, "+442079460000");
        assert_eq!(as_is.as_deref(), Some("442079460000"));
        outbound.rules = vec![rule("", 5, "9")];
        assert_eq!(
            dialled(&outbound, "+42"),
            None,
            "nothing would be left of it"
        );
    }

    #[test]
    fn what_would_dial_something_else_is_no_rule() {
        let with =
            |rules: Vec<TrunkRule>| refused(|it| it.outbound.as_mut().unwrap().rules = rules);
        for bad in [
            rule("+421", 0, ""),
            rule("42a", 0, ""),
            rule(&"1".repeat(16), 0, ""),
            rule("", 16, ""),
            rule("", 0, "0,30"),
            rule("", 0, "0@evil"),
            rule("", 0, "${EXTEN}"),
            rule("", 0, "0+"),
            rule("", 0, "1\r\nX: y"),
            rule("", 0, &"1".repeat(21)),
        ] {
            assert_eq!(with(vec![bad.clone()]), "outbound.rules", "{bad:?}");
        }
        assert_eq!(
            with(vec![rule("1", 0, ""), rule("1", 1, "")]),
            "outbound.rules"
        );
        let many = (0..501).map(|n| rule(&n.to_string(), 0, "")).collect();
        assert_eq!(with(many), "outbound.rules");
        let limits =
            |change: fn(&mut TrunkOutbound)| refused(|it| change(it.outbound.as_mut().unwrap()));
        assert_eq!(limits(|it| it.weight = 0), "outbound.weight");
        assert_eq!(
            limits(|it| it.max_channels = Some(0)),
            "outbound.max_channels"
        );
        let field = limits(|it| it.max_calls_per_second = Some(1_001));
        assert_eq!(field, "outbound.max_calls_per_second");
    }
}
