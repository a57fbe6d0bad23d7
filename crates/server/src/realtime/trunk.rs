//! A trunk as Asterisk's own tables have it: an endpoint that calls out with a log-in of ours, known by whence it calls.

use model::{SipTransport, Trunk};

use super::row::Row;

/// A trunk's rows; those that it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TrunkRows {
    pub(super) endpoint: Row,
    pub(super) aor: Row,
    pub(super) auth: Option<Row>,
    pub(super) identify: Row,
    pub(super) registration: Option<Row>,
}

impl TrunkRows {
    /// `context` is the one in Asterisk that stands for the trunk's, where it is not the site's own.
    pub(super) fn new(trunk: &Trunk, context: Option<&str>, password: Option<&str>) -> Self {
        let login = trunk.username.as_deref().zip(password);
        let registers = login.filter(|_| trunk.registers);
        Self {
            endpoint: Row::new(endpoint(trunk, context, login.is_some())),
            aor: Row::new(aor(trunk)),
            auth: login.map(|login| Row::new(auth(trunk, login))),
            identify: Row::new(identify(trunk)),
            registration: registers.map(|(user, _)| Row::new(registration(trunk, user))),
        }
    }
}

fn endpoint(trunk: &Trunk, context: Option<&str>, has_login: bool) -> Vec<(&'static str, String)> {
    let codecs: Vec<_> = trunk.codecs.iter().map(|it| it.as_str()).collect();
    let mut columns = vec![
        ("id", trunk.name.clone()),
        ("aors", trunk.name.clone()),
        ("context", context.unwrap_or(&trunk.context).to_owned()),
        ("disallow", "all".to_owned()),
        ("allow", codecs.join(",")),
        ("direct_media", "no".to_owned()),
        ("force_rport", "yes".to_owned()),
        ("rtp_symmetric", "yes".to_owned()),
        ("send_pai", "yes".to_owned()),
        ("trust_id_inbound", "yes".to_owned()),
        // With it Asterisk tells the provider our own number as whom it is connected to.
        ("send_connected_line", "no".to_owned()),
        ("allow_subscribe", "no".to_owned()),
        // By name anybody could come in who writes it into From: a trunk is asked for no password.
        ("identify_by", "ip".to_owned()),
    ];
    if has_login {
        // Not `auth`: that would ask the provider for a password.
        columns.push(("outbound_auth", trunk.name.clone()));
    }
    if let Some(user) = trunk.username.as_ref().filter(|_| has_login) {
        columns.push(("contact_user", escaped(user)));
    }
    if let Some(domain) = &trunk.from_domain {
        columns.push(("from_domain", domain.clone()));
    }
    if trunk.transport == SipTransport::Tls {
        columns.push(("media_encryption", "sdes".to_owned()));
    }
    columns
}

fn aor(trunk: &Trunk) -> Vec<(&'static str, String)> {
    vec![
        ("id", trunk.name.clone()),
        ("contact", uri(trunk, None)),
        ("qualify_frequency", trunk.qualify_seconds.to_string()),
    ]
}

fn auth(trunk: &Trunk, (user, password): (&str, &str)) -> Vec<(&'static str, String)> {
    vec![
        ("id", trunk.name.clone()),
        ("auth_type", "userpass".to_owned()),
        ("username", user.to_owned()),
        ("password", password.to_owned()),
    ]
}

fn identify(trunk: &Trunk) -> Vec<(&'static str, String)> {
    let bare = |text: &str| text.trim_matches(['[', ']']).to_owned();
    let mut from: Vec<String> = trunk.addresses.iter().map(|it| bare(it)).collect();
    if from.is_empty() {
        from.push(bare(&trunk.host));
    }
    vec![
        ("id", trunk.name.clone()),
        ("endpoint", trunk.name.clone()),
        ("match", from.join(",")),
    ]
}

fn registration(trunk: &Trunk, user: &str) -> Vec<(&'static str, String)> {
    vec![
        ("id", trunk.name.clone()),
        ("server_uri", uri(trunk, None)),
        ("client_uri", uri(trunk, Some(user))),
        ("contact_user", escaped(user)),
        ("outbound_auth", trunk.name.clone()),
        ("retry_interval", "60".to_owned()),
        // A provider that refuses us may take us later: it is asked on, slowly.
        ("forbidden_retry_interval", "600".to_owned()),
        ("fatal_retry_interval", "600".to_owned()),
        ("max_retries", "1000000".to_owned()),
        // Its calls are known by the address that we registered, whencever they come.
        ("line", "yes".to_owned()),
        ("endpoint", trunk.name.clone()),
    ]
}

fn uri(trunk: &Trunk, user: Option<&str>) -> String {
    let user = user.map(|user| format!("{}@", escaped(user)));
    let user = user.unwrap_or_default();
    let transport = match trunk.transport {
        SipTransport::Udp => "",
        SipTransport::Tcp => ";transport=tcp",
        SipTransport::Tls | SipTransport::Webrtc => ";transport=tls",
    };
    format!("sip:{user}{}:{}{transport}", trunk.host, trunk.port)
}

/// As the user of a SIP address: some providers' have a domain of their own in it.
fn escaped(user: &str) -> String {
    user.replace('@', "%40")
}

#[cfg(test)]
pub(super) mod tests {
    use model::{Codec, Timestamp, TrunkId};

    use super::*;

    pub(crate) fn trunk(name: &str) -> Trunk {
        Trunk {
            id: TrunkId::new(
                Timestamp::default(),
                name.bytes().fold(0, |id, b| id << 8 | u128::from(b)) << 64,
            ),
            name: name.to_owned(),
            server: None,
            host: "sip.example.net".to_owned(),
            port: 5060,
            transport: SipTransport::Udp,
            username: Some("4215550100".to_owned()),
            registers: true,
            addresses: Vec::new(),
            context: "from-provider".to_owned(),
            codecs: vec![Codec::Alaw, Codec::Ulaw],
            from_domain: None,
            qualify_seconds: 60,
            active: true,
            outbound: Some(model::TrunkOutbound::default()),
        }
    }

    fn lines(rows: &TrunkRows) -> String {
        let all = [Some(&rows.endpoint), Some(&rows.aor), rows.auth.as_ref()];
        let more = [Some(&rows.identify), rows.registration.as_ref()];
        let rows = all.into_iter().chain(more).flatten();
        rows.map(|row| row.line().replace('&', "\n  ")).collect()
    }

    #[test]
    fn one_that_we_register_at() {
        let mut trunk = trunk("provider");
        trunk.username = Some("4215550100@example.net".to_owned());
        let rows = TrunkRows::new(&trunk, None, Some("s3cret;\"&"));
        insta::assert_snapshot!(lines(&rows));
    }

    #[test]
    fn one_that_knows_us_by_our_address() {
        let mut trunk = trunk("carrier");
        trunk.username = None;
        trunk.registers = false;
        trunk.host = "[2001:db8::1]".to_owned();
        trunk.addresses = vec!["192.0.2.0/24".to_owned(), "[2001:db8::1]".to_owned()];
        trunk.transport = SipTransport::Tls;
        trunk.from_domain = Some("centre.example.org".to_owned());
        insta::assert_snapshot!(lines(&TrunkRows::new(&trunk, None, None)));
    }
}
