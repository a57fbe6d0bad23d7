//! `cordboard asterisk render`: what an Asterisk's files have to say so that it gets its phones and the dialplan from Cordboard.

mod odbc;

use std::path::PathBuf;

use clap::Args;
use model::{ProvisionedBy, Server};
use reqwest::Url;
use server::{
    config::Config,
    realtime::{MAX_CONTEXTS, Realtime, context_of},
    secrets::Vault,
    telephony::Credentials,
    whole_file::escaped,
};
use store::{MAX_PAGE, Store};

use self::odbc::Odbc;
use super::files::{File, write};
use crate::{
    failure::{Code, Failure},
    output,
    setting::{DEFAULT_SERVER, Global, open_existing_store, server_url},
};

/// A file's name and its text, in which `{{name}}` stands for a value.
type Template = (&'static str, &'static str);

macro_rules! template {
    ($name:literal) => {
        template!($name, $name)
    };
    ($name:literal, $file:literal) => {
        ($name, include_str!($file))
    };
}

/// Of every way: the dialplan.
const DIALPLAN: &[Template] = &[
    template!("res_curl.conf"),
    template!("extensions_cordboard.conf"),
];
const HTTP: &[Template] = &[
    template!("extconfig.conf", "extconfig_http.conf"),
    template!("sorcery.conf"),
];
const DATABASE: &[Template] = &[
    template!("extconfig.conf", "extconfig_database.conf"),
    template!("sorcery.conf"),
    template!("res_odbc.conf"),
    template!("odbc.ini"),
    template!("odbcinst.ini"),
];
const FILES: &[Template] = &[template!("extconfig.conf", "extconfig_files.conf")];
/// What a new Asterisk needs besides.
const NEW: &[Template] = &[
    template!("ari.conf"),
    template!("http.conf"),
    template!("pjsip.conf"),
    template!("extensions.conf"),
    template!("modules.conf"),
];
/// The same, where there is a manager log-in.
const MANAGER: Template = template!("manager.conf");

/// Modules by which Asterisk asks Cordboard, or reads the shared database, and those of the rest.
const ASKING: &[&str] = &["res_curl", "func_curl", "res_config_curl", "pbx_realtime"];
const READING: &[&str] = &["res_odbc", "res_odbc_transaction", "res_config_odbc"];
const CACHING: &[&str] = &["res_sorcery_realtime", "res_sorcery_memory_cache"];

#[derive(Debug, Args)]
pub(in crate::commands) struct Arguments {
    /// For which server [default: the only one]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where Cordboard is, as Asterisk reaches it
    #[arg(long, value_name = "URL", default_value = DEFAULT_SERVER, value_parser = server_url)]
    server: String,
    /// Write the files into this folder, readable by you alone, in place of printing them
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// How much is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// How phones, trunks and the dialplan come to Asterisk.
    Phones,
    /// And everything else that a new Asterisk needs.
    All,
}

pub(super) async fn run(
    arguments: &Arguments,
    scope: Scope,
    global: &Global,
) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    let store = open_existing_store(&config).await?;
    let server = chosen(&store, arguments.name.as_deref()).await?;
    let vault = vault(&config)?;
    let mut values = Values::default();
    values.asking(
        &arguments.server,
        &server,
        &Realtime::password(&vault, server.id),
    );
    if server.provisioned_by == ProvisionedBy::Database {
        values.odbc(&config)?;
    }
    if scope == Scope::All {
        let secrets = store
            .servers()
            .secrets(server.id)
            .await?
            .unwrap_or_default();
        let credentials = Credentials::open(&vault, &secrets)?;
        values.logins(
            &server,
            &credentials.password,
            credentials.ami_secret.as_deref(),
        );
        values.phones(&server, &config);
    }
    let files = values.fill(&templates(&server, scope));
    match &arguments.out {
        Some(folder) => write(folder, &files),
        None => files
            .iter()
            .try_for_each(|file| output::print(&format!("; ---- {}\n{}\n", file.name, file.text))),
    }
}

fn templates(server: &Server, scope: Scope) -> Vec<Template> {
    let of_way = match server.provisioned_by {
        ProvisionedBy::Http => HTTP,
        ProvisionedBy::Database => DATABASE,
        ProvisionedBy::Files => FILES,
    };
    let mut all = [of_way, DIALPLAN].concat();
    if scope == Scope::All {
        all.extend(NEW);
        all.extend(server.ami.is_some().then_some(MANAGER));
    }
    all
}

/// What stands in the place of each name.
#[derive(Default)]
struct Values(Vec<(&'static str, String)>);

impl Values {
    fn put(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    /// How Asterisk asks us.
    fn asking(&mut self, url: &str, server: &Server, password: &str) {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let (id, rest) = (server.id, rest.trim_end_matches('/'));
        self.put("url", format!("{scheme}://{id}:{password}@{rest}"));
        // The first is that of our numbers.
        let contexts: Vec<_> = (0..=MAX_CONTEXTS)
            .map(|slot| format!("[{}](cordboard)", context_of(slot)))
            .collect();
        self.put("contexts", contexts.join("\n"));
    }

    fn odbc(&mut self, config: &Config) -> Result<(), Failure> {
        let dsn = config.provisioning.dsn.as_ref().ok_or_else(|| {
            Failure::new(Code::Config, "no database of Asterisk's is configured")
                .remedy("set `dsn` or `dsn_file` in [provisioning]")
        })?;
        let odbc = Odbc::read(dsn.expose())?;
        self.put("user", escaped(&odbc.user));
        self.put("password", escaped(&odbc.password));
        self.put("driver", odbc.driver);
        self.put("library", odbc.library);
        self.put("place", odbc.place);
        Ok(())
    }

    /// How we log in there.
    fn logins(&mut self, server: &Server, password: &str, ami_secret: Option<&str>) {
        let (host, port) = place(&server.ari_url);
        self.put("ari_host", host);
        self.put("ari_port", port.to_string());
        self.put("ari_user", &server.ari_user);
        self.put("ari_password", escaped(password));
        let Some((ami, secret)) = server.ami.as_ref().zip(ami_secret) else {
            return;
        };
        let (host, port) = ami
            .address
            .rsplit_once(':')
            .unwrap_or((ami.address.as_str(), "5038"));
        self.put("ami_host", bound(host));
        self.put("ami_port", port);
        self.put("ami_user", &ami.user);
        self.put("ami_secret", escaped(secret));
    }

    /// Where phones come from.
    fn phones(&mut self, server: &Server, config: &Config) {
        let (include, where_else, modules) = match server.provisioned_by {
            ProvisionedBy::Http => (
                String::new(),
                ": it asks for them (extconfig.conf)",
                CACHING,
            ),
            ProvisionedBy::Database => (
                String::new(),
                ": it reads them in the shared database (extconfig.conf)",
                CACHING,
            ),
            ProvisionedBy::Files => {
                let folder = config.provisioning.folder.clone().unwrap_or_default();
                let file = folder.join(&server.name).join("pjsip_cordboard.conf");
                let include = format!("\n#include {}", file.display());
                (include, " but the file that Cordboard writes", &[][..])
            }
        };
        let reading = if server.provisioned_by == ProvisionedBy::Database {
            READING
        } else {
            &[]
        };
        let load = |module: &&str| format!("load = {module}.so");
        let lines: Vec<_> = [ASKING, reading, modules]
            .concat()
            .iter()
            .map(load)
            .collect();
        self.put("include", include);
        self.put("where", where_else);
        self.put("modules", lines.join("\n"));
    }

    fn fill(&self, templates: &[Template]) -> Vec<File> {
        let filled = templates.iter().map(|&(name, text)| File {
            name,
            text: self.filled(text),
        });
        filled.collect()
    }

    /// Each name once: a value with another name in it stays as it is.
    fn filled(&self, text: &str) -> String {
        let mut parts = text.split("{{");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
            let value = self.0.iter().find(|(known, _)| *known == name);
            filled.push_str(value.map_or("", |(_, value)| value));
            filled.push_str(rest);
        }
        filled
    }
}

/// Host and port of a web address, as Asterisk listens there.
fn place(url: &str) -> (String, u16) {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or("127.0.0.1");
    let port = url.as_ref().and_then(Url::port_or_known_default);
    (bound(host), port.unwrap_or(8088))
}

/// A host's name is no address to listen on.
fn bound(host: &str) -> String {
    let address = host.trim_matches(['[', ']']);
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) if address == "localhost" => "127.0.0.1".to_owned(),
        Err(_) => "0.0.0.0".to_owned(),
    }
}

async fn chosen(store: &Store, name: Option<&str>) -> anyhow::Result<Server> {
    let servers = store.servers().list(None, MAX_PAGE).await?;
    let names: Vec<_> = servers.iter().map(|it| it.name.clone()).collect();
    let found = match name {
        Some(name) => servers.into_iter().find(|server| server.name == name),
        None if servers.len() == 1 => servers.into_iter().next(),
        None => None,
    };
    found.ok_or_else(|| {
        let what = match name {
            Some(name) => format!("there is no server {name:?}"),
            None => "it is not clear which server is meant".to_owned(),
        };
        let remedy = if names.is_empty() {
            "add [[asterisk]] to the configuration and start the server once, or add one in the API"
                .to_owned()
        } else {
            format!("say --name with one of: {}", names.join(", "))
        };
        Failure::new(Code::Failed, what).remedy(remedy).into()
    })
}

/// Looking must not make a key where there is none.
pub(super) fn vault(config: &Config) -> anyhow::Result<Vault> {
    let path = config.data.folder.join("secret.key");
    if path.exists() {
        return Ok(Vault::open_or_make(&path)?);
    }
    let failure = Failure::new(Code::Failed, format!("{} is missing", path.display()));
    Err(failure
        .remedy("start the server once with this --data")
        .into())
}

#[cfg(test)]
mod tests;
