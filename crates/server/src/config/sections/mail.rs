//! `[mail]`: how reports and alarms are sent by mail.

use super::{Key, Section, SectionReader, key};
use crate::{
    config::{Secret, value::words},
    deliveries,
};

words! {
    /// How the connection to the mail server is encrypted.
    MailTls {
        /// From the first byte.
        Required = "required",
        /// By the mail server's `STARTTLS`, or not at all sent.
        StartTls = "starttls",
        /// Not; the mail server is on this machine.
        NoneOnLoopback = "none-on-loopback",
    }
    expected "\"required\", \"starttls\" or \"none-on-loopback\""
}

/// How reports and alarms are sent by mail.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// `None`: no mail is sent.
    pub host: Option<String>,
    pub port: Option<u32>,
    pub tls: MailTls,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub from: Option<String>,
    pub ca: Option<Secret>,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            tls: MailTls::StartTls,
            user: None,
            password: None,
            from: None,
            ca: None,
        }
    }
}

impl MailConfig {
    /// As configured, else the usual one.
    pub fn port(&self) -> u16 {
        let told = self.port.and_then(|port| u16::try_from(port).ok());
        told.unwrap_or(match self.tls {
            MailTls::Required => 465,
            MailTls::StartTls => 587,
            MailTls::NoneOnLoopback => 25,
        })
    }
}

impl Section for MailConfig {
    const NAME: &'static str = "mail";
    const ABOUT: &'static str = "The mail server that takes reports and alarms.";
    const KEYS: &'static [Key] = &[
        key(
            "host",
            "Its name, as its certificate has it. Without it no mail is sent.",
            "\"mail.example.com\"",
        ),
        key(
            "port",
            "Not set: 465 with `required`, 587 with `starttls`, 25 with `none-on-loopback`.",
            "587",
        ),
        key(
            "tls",
            "`required`, from the first byte; `starttls`, before anything is said; `none-on-loopback`, not at all, on this machine only.",
            "\"starttls\"",
        ),
        key("user", "A user of it, if it wants one.", "\"cordboard\""),
        key("password", "That user's password.", "\"…\""),
        key(
            "password_file",
            "A file that holds the password.",
            "\"mail.password\"",
        ),
        key(
            "from",
            "Who mail is from. The domain is in each `Message-ID`, too.",
            "\"Cordboard <reports@example.com>\"",
        ),
        key(
            "ca",
            "Who must have signed its certificate, where this machine does not trust the signer anyway: a certificate in PEM.",
            "\"-----BEGIN CERTIFICATE-----…\"",
        ),
        key(
            "ca_file",
            "A file with that certificate.",
            "\"mail-ca.pem\"",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            host: from.optional("host"),
            port: from.optional("port"),
            tls: from.value("tls", default.tls),
            user: from.optional("user"),
            password: from.secret("password", "password_file"),
            from: from.optional("from"),
            ca: from.secret("ca", "ca_file"),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let Some(host) = &self.host else {
            return Ok(());
        };
        if self.port.is_some_and(|port| !(1..=65_535).contains(&port)) {
            return Err(("port", "is not in 1 to 65535".to_owned()));
        }
        if self.user.is_some() != self.password.is_some() {
            let problem = "is given without the other of `user` and `password`".to_owned();
            return Err((
                if self.user.is_some() {
                    "user"
                } else {
                    "password"
                },
                problem,
            ));
        }
        let is_here = host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback());
        if self.tls == MailTls::NoneOnLoopback && !is_here {
            let problem = format!("is \"none-on-loopback\", but {host} is another machine");
            return Err(("tls", problem));
        }
        let Some(from) = &self.from else {
            let problem = "is missing: receivers want to know who mail is from".to_owned();
            return Err(("from", problem));
        };
        if let Err(why) = deliveries::checked_from(from) {
            return Err(("from", why.replace("`from` ", "")));
        }
        match deliveries::Mailer::new(self) {
            Ok(_) => Ok(()),
            Err(why) => Err(("ca", format!("cannot be used: {why}"))),
        }
    }
}
