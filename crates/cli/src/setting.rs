//! What every command stands on: the configuration, the data folder, the store.

use std::{
    fs::{self, DirBuilder},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
};

use clap::Args;
use server::{
    config::{Config, Flag, Sources},
    data_folder::{self, Tenancy, TenancyError},
};
use store::Store;

use crate::failure::{self, Code, Failure};

/// Where the help lists them: below a command's own.
const COMMON: &str = "Options of every command";

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Configuration [default: cordboard.toml in DIR, here, or in /etc/cordboard]
    #[arg(long, global = true, value_name = "FILE", help_heading = COMMON)]
    pub(crate) config: Option<PathBuf>,
    /// Folder for everything written [default: ./cordboard-data, or as configured]
    #[arg(long, global = true, value_name = "DIR", help_heading = COMMON)]
    pub(crate) data: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true, help_heading = COMMON)]
    pub(crate) json: bool,
}

impl Global {
    /// The configuration with these options and further `flags` over it.
    pub(crate) fn load(&self, mut flags: Vec<Flag>) -> Result<Config, Failure> {
        Ok(Config::load(&self.sources(&mut flags))?)
    }

    pub(crate) fn sources(&self, flags: &mut Vec<Flag>) -> Sources {
        if let Some(folder) = &self.data {
            flags.push(Flag {
                flag: "--data",
                key: "data.folder",
                value: folder.display().to_string(),
            });
        }
        let flags = std::mem::take(flags);
        Sources::of_process(self.config.clone(), self.data.as_deref(), flags)
    }
}

/// Reads an address with its port.
pub(crate) fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "is no address with a port, such as 127.0.0.1:8080")
}

/// Where a server is that nothing else is said of.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:8080";

/// Reads the address of a server, which a dialplan takes as it is; without a slash at its end.
pub(crate) fn server_url(text: &str) -> Result<String, &'static str> {
    let rest = ["http://", "https://"]
        .into_iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_~:/[]%".contains(c);
    match rest {
        Some(rest) if !rest.starts_with('/') && !rest.is_empty() && rest.chars().all(is_plain) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("is no address of a server, such as http://127.0.0.1:8080"),
    }
}

/// Makes the data folder if it is missing, for its owner only.
pub(crate) fn make_data_folder(config: &Config) -> Result<(), Failure> {
    let folder = &config.data.folder;
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.and_then(|()| fs::read_dir(folder).map(drop))
        .map_err(|error| {
            Failure::new(
                Code::Failed,
                format!("cannot use the data folder {}", folder.display()),
            )
            .because(error)
            .remedy(
                "make it and give it to this user, or name another by `--data` or `data.folder`",
            )
        })
}

/// The database with its schema up to date, made if it is missing. Works beside a running server.
pub(crate) async fn open_store(config: &Config) -> Result<Store, Failure> {
    make_data_folder(config)?;
    open(config).await
}

/// The same for who looks at or changes what is there: a mistyped folder must not become a new installation.
pub(crate) async fn open_existing_store(config: &Config) -> Result<Store, Failure> {
    if let Some(file) = config.sqlite_file()
        && !file.exists()
    {
        let what = format!("there is no database {}", file.display());
        let failure = Failure::new(Code::Database, what).remedy(
            "name the right folder by `--data` or `data.folder`; the first start of `cordboard serve` makes a new one",
        );
        let folder = &config.data.folder;
        return Err(if folder.exists() {
            failure
        } else {
            failure.because(format!("there is no folder {}", folder.display()))
        });
    }
    open(config).await
}

async fn open(config: &Config) -> Result<Store, Failure> {
    let dsn = config.dsn();
    let failed = |error| failure::database(&error, dsn.expose());
    let store = Store::open(dsn.expose()).await.map_err(failed)?;
    store.migrate().await.map_err(failed)?;
    Ok(store)
}

/// Has the data folder for this command alone: a running server would not hear of what is written behind its back.
pub(crate) fn alone(config: &Config, remedy: &str) -> Result<Tenancy, Failure> {
    let folder = &config.data.folder;
    data_folder::occupy(folder).map_err(|error| {
        let what = format!("cannot have the data folder {}", folder.display());
        let taken = matches!(error, TenancyError::Taken);
        let failure = Failure::new(Code::Failed, what).because(error);
        if taken {
            failure.remedy(remedy)
        } else {
            failure
        }
    })
}
