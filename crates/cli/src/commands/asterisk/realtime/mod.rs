//! `cordboard asterisk render realtime`: the files by which Asterisk asks Cordboard for its phones and the dialplan.

use std::path::PathBuf;

use clap::Args;
use model::{Server, ServerId};
use server::{
    config::Config,
    realtime::{MAX_CONTEXTS, Realtime, context_of},
    secrets::Vault,
};
use store::{MAX_PAGE, Store};

use super::files::{File, write};
use crate::{
    failure::{Code, Failure},
    output,
    setting::{DEFAULT_SERVER, Global, open_existing_store, server_url},
};

const TEMPLATES: [(&str, &str); 4] = [
    ("extconfig.conf", include_str!("extconfig.conf")),
    ("sorcery.conf", include_str!("sorcery.conf")),
    ("res_curl.conf", include_str!("res_curl.conf")),
    (
        "extensions_cordboard.conf",
        include_str!("extensions_cordboard.conf"),
    ),
];

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

pub(super) async fn run(arguments: &Arguments, global: &Global) -> anyhow::Result<()> {
    let config = global.load(Vec::new())?;
    let store = open_existing_store(&config).await?;
    let server = chosen(&store, arguments.name.as_deref()).await?;
    let password = Realtime::password(&vault(&config)?, server.id);
    let files = rendered(&arguments.server, server.id, &password);
    match &arguments.out {
        Some(folder) => write(folder, &files),
        None => files
            .iter()
            .try_for_each(|file| output::print(&format!("; ---- {}\n{}\n", file.name, file.text))),
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

fn rendered(url: &str, server: ServerId, password: &str) -> Vec<File> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let url = format!(
        "{scheme}://{server}:{password}@{}",
        rest.trim_end_matches('/')
    );
    // The first is that of our numbers.
    let contexts: Vec<_> = (0..=MAX_CONTEXTS)
        .map(|slot| format!("[{}](cordboard)", context_of(slot)))
        .collect();
    let contexts = contexts.join("\n");
    let file = |(name, text): (&'static str, &str)| File {
        name,
        text: text
            .replace("{{url}}", &url)
            .replace("{{contexts}}", &contexts),
    };
    TEMPLATES.into_iter().map(file).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_goes_nowhere_but_to_cordboard() {
        let files = rendered(
            "http://127.0.0.1:8080",
            "00000000-0000-0000-0000-000000000000".parse().unwrap(),
            "pass-word_1",
        );
        let with: Vec<_> = files
            .iter()
            .filter(|file| file.text.contains("pass-word_1"))
            .map(|file| file.name)
            .collect();
        assert_eq!(with, ["extconfig.conf"]);
        assert!(files[0].text.contains(
            "ps_auths => curl,http://00000000-0000-0000-0000-000000000000:pass-word_1@127.0.0.1:8080/realtime/ps_auths\n"
        ));
        assert!(files.iter().all(|file| !file.text.contains("{{")));
        let dialplan = &files[3].text;
        assert!(
            dialplan.contains("\n[cordboard-1](cordboard)\n"),
            "{dialplan}"
        );
        assert!(
            dialplan.ends_with("\n[cordboard-100](cordboard)\n"),
            "{dialplan}"
        );
    }
}
