//! `[[asterisk]]`: the Asterisk servers.

use std::collections::BTreeSet;

use model::{AmiAccess, DialOut, ProvisionedBy, checked_name, checked_text};

use super::{Key, Section, SectionReader, key};
use crate::config::{Flaw, Secret, reader::Report, value::words};

words! {
    /// Which way requests travel.
    Rest {
        /// The WebSocket where this Asterisk takes requests on it, HTTP elsewhere.
        Auto = "auto",
        Http = "http",
        WebSocket = "websocket",
    }
    expected "\"auto\", \"http\" or \"websocket\""
}

words! {
    /// How it gets its phones and trunks.
    Provisioned {
        /// It asks us over HTTP.
        Http = "http",
        /// It reads them in the database of `[provisioning]`.
        Database = "database",
        /// It reads files in the folder of `[provisioning]`.
        Files = "files",
    }
    expected "\"http\", \"database\" or \"files\""
}

impl From<Provisioned> for ProvisionedBy {
    fn from(way: Provisioned) -> Self {
        match way {
            Provisioned::Http => Self::Http,
            Provisioned::Database => Self::Database,
            Provisioned::Files => Self::Files,
        }
    }
}

/// One Asterisk and how to reach its REST interface.
#[derive(Debug, Clone)]
pub struct AsteriskConfig {
    /// Unique; how it is called in the log and the page.
    pub name: String,
    pub ari_url: String,
    pub user: String,
    /// `None` only in the default, which no check lets pass.
    pub password: Option<Secret>,
    /// The word in `Stasis(WORD)`.
    pub application: String,
    pub rest: Rest,
    pub dial_out: Option<String>,
    /// Of the manager interface; without it Asterisk is not told what changes.
    pub ami_address: Option<String>,
    pub ami_user: String,
    pub ami_secret: Option<Secret>,
    pub ami_tls: bool,
    pub provisioned_by: Provisioned,
}

impl Default for AsteriskConfig {
    fn default() -> Self {
        Self {
            name: "main".to_owned(),
            ari_url: "http://127.0.0.1:8088/ari".to_owned(),
            user: "cordboard".to_owned(),
            password: None,
            application: "cordboard".to_owned(),
            rest: Rest::Auto,
            dial_out: None,
            ami_address: None,
            ami_user: "cordboard".to_owned(),
            ami_secret: None,
            ami_tls: false,
            provisioned_by: Provisioned::Http,
        }
    }
}

impl Section for AsteriskConfig {
    const NAME: &'static str = "asterisk";
    const ABOUT: &'static str = "An Asterisk, once for each. Servers can be added in the API as well; those live in the database.";
    const IS_LIST: bool = true;
    const KEYS: &'static [Key] = &[
        key(
            "name",
            "Unique, as it appears in the log and the page: lower-case letters, digits, `-` and `_`.",
            "\"main\"",
        ),
        key(
            "ari_url",
            "Address of its REST interface (`http.conf`).",
            "\"http://127.0.0.1:8088/ari\"",
        ),
        key("user", "A user of `ari.conf`.", "\"cordboard\""),
        key("password", "That user's password.", "\"…\""),
        key(
            "password_file",
            "A file that holds the password, instead of `password`.",
            "\"/etc/cordboard/ari.password\"",
        ),
        key(
            "application",
            "The word in the dialplan's `Stasis(…)`. One running Cordboard per word: a second one takes the calls away.",
            "\"cordboard\"",
        ),
        key(
            "rest",
            "How requests travel: `auto` (over the WebSocket where this Asterisk can), `http` or `websocket`.",
            "\"auto\"",
        ),
        key(
            "dial_out",
            "Where calls go that Cordboard places: a dial string with the place of the number, which is put in as digits with the country code. Without it none are placed there.",
            "\"PJSIP/{number}@trunk\"",
        ),
        key(
            "ami_address",
            "Host and port of its manager interface (`manager.conf`). By it Asterisk is told of phones that changed. Without it there is none.",
            "\"127.0.0.1:5038\"",
        ),
        key(
            "ami_user",
            "A user of `manager.conf`, with `read = system` and `write = system,command`.",
            "\"cordboard\"",
        ),
        key("ami_secret", "That user's secret.", "\"…\""),
        key(
            "ami_secret_file",
            "A file that holds the secret, instead of `ami_secret`.",
            "\"/etc/cordboard/ami.secret\"",
        ),
        key(
            "ami_tls",
            "It speaks TLS there, with a certificate that this machine trusts.",
            "false",
        ),
        key(
            "provisioned_by",
            "How it gets its phones and trunks: `http` (it asks us), `database` or `files` (see `[provisioning]`).",
            "\"http\"",
        ),
    ];

    fn read(from: &mut SectionReader<'_>) -> Self {
        let default = Self::default();
        Self {
            name: from.value("name", default.name),
            ari_url: from.required("ari_url", default.ari_url),
            user: from.value("user", default.user),
            password: from.required_secret("password", "password_file"),
            application: from.value("application", default.application),
            rest: from.value("rest", default.rest),
            dial_out: from.optional("dial_out"),
            ami_address: from.optional("ami_address"),
            ami_user: from.value("ami_user", default.ami_user),
            ami_secret: from.secret("ami_secret", "ami_secret_file"),
            ami_tls: from.value("ami_tls", default.ami_tls),
            provisioned_by: from.value("provisioned_by", default.provisioned_by),
        }
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        let field = |error: model::Invalid| (error.field, error.problem);
        checked_name("name", &self.name).map_err(field)?;
        checked_name("application", &self.application).map_err(field)?;
        checked_text("user", &self.user, 64).map_err(field)?;
        checked_text("ari_url", &self.ari_url, 300).map_err(field)?;
        let dial_out = self.dial_out.as_deref().map(str::parse::<DialOut>);
        dial_out.transpose().map_err(field)?;
        if let Some(ami) = self.ami() {
            ami.check()
                .map_err(|error| ("ami_address", error.problem))?;
            if self.ami_secret.is_none() {
                return Err((
                    "ami_address",
                    "needs `ami_secret` or `ami_secret_file`".to_owned(),
                ));
            }
        }
        if self.user.is_empty() || self.user.contains(':') {
            return Err(("user", "is empty or has a colon".to_owned()));
        }
        let place = self
            .ari_url
            .strip_prefix("http://")
            .or_else(|| self.ari_url.strip_prefix("https://"))
            .ok_or((
                "ari_url",
                "does not begin with http:// or https://".to_owned(),
            ))?;
        if place.is_empty() || place.contains('@') {
            return Err((
                "ari_url",
                "is no address, or has a password in it; `user` and `password` are keys of their own"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

impl AsteriskConfig {
    /// How its manager interface is reached, if it is.
    pub fn ami(&self) -> Option<AmiAccess> {
        Some(AmiAccess {
            address: self.ami_address.clone()?,
            user: self.ami_user.clone(),
            tls: self.ami_tls,
        })
    }
}

/// Names must differ: they are how servers are told apart.
pub(in crate::config) fn check_names(all: &[AsteriskConfig], report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (index, asterisk) in all.iter().enumerate() {
        if !seen.insert(&asterisk.name) {
            let key = format!("asterisk.{index}.name");
            let setting = report.settings.iter().find(|setting| setting.key == key);
            report.flaws.push(Flaw {
                origin: setting.map(|setting| setting.origin.clone()),
                what: format!("a second [[asterisk]] has the name {:?}", asterisk.name),
            });
        }
    }
}
