//! One Asterisk: started, stopped, killed, started again on the same ports with the same configuration.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    ari::AriClient,
    config::{self, Addresses, Settings},
    root::{Release, root},
};
use crate::{
    error::{LabError, Result},
    folders::{RunFolder, random_secret, write_private},
    leash::{self, Leash, Leashed},
};

/// How long Asterisk may take until ARI answers. It takes less than a second on an idle machine.
const START_LIMIT: Duration = Duration::from_secs(30);
const START_POLL: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct AsteriskProcess {
    leash: Option<Leash>,
    root: PathBuf,
    ari: AriClient,
    // After the leash, so that Asterisk is gone before its folder is.
    folder: RunFolder,
}

impl AsteriskProcess {
    /// Writes a configuration in a folder of its own, and starts Asterisk on it.
    pub(crate) async fn start_new(
        release: Release,
        addresses: Addresses,
        secret: &str,
        phones: u16,
        ari: AriClient,
        configs: &[(String, String)],
    ) -> Result<Self> {
        let root = root(release).await?;
        let folder = RunFolder::make(&root.join("lab"), &random_secret()?[..8])?;
        let mut process = Self {
            leash: None,
            root,
            ari,
            folder,
        };
        let inside = process.inside();
        let settings = Settings {
            release,
            inside: &inside,
            addresses,
            secret,
            phones,
        };
        config::write(process.folder.path(), &settings)?;
        for (name, text) in configs {
            write_private(&process.folder.path().join("etc").join(name), text)?;
        }
        process.start().await?;
        Ok(process)
    }

    /// The lab's folder, seen from outside the root.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The same, seen by Asterisk.
    pub(crate) fn inside(&self) -> String {
        let name = self
            .folder
            .path()
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        format!("/lab/{name}")
    }

    pub(crate) async fn start(&mut self) -> Result<()> {
        if self.leash.is_some() {
            return Ok(());
        }
        let output = self.folder.path().join("log/output");
        let config = format!("{}/etc/asterisk.conf", self.inside());
        // Where ODBC looks for odbc.ini and odbcinst.ini.
        let odbc = format!("ODBCSYSINI={}/etc", self.inside());
        let mut leash = Leashed::new("chroot")
            .arg(&self.root)
            .args(["/usr/bin/env", &odbc])
            .args(["/usr/sbin/asterisk", "-f", "-C", &config])
            .end_signal("KILL")
            .log(&output)?
            .spawn()?;
        let started = Instant::now();
        while self
            .ari
            .request("GET", "/asterisk/info?only=status")
            .await
            .is_err()
        {
            if let Some(status) = leash.exited() {
                let status = status.to_string();
                return Err(LabError::Program {
                    program: "asterisk".into(),
                    status,
                    output: self.last_words(),
                });
            }
            if started.elapsed() > START_LIMIT {
                return Err(LabError::Timeout {
                    what: "ARI's first answer".into(),
                    waited: START_LIMIT,
                    detail: format!(": {}", self.last_words()),
                });
            }
            tokio::time::sleep(START_POLL).await;
        }
        self.leash = Some(leash);
        Ok(())
    }

    /// Stops Asterisk cleanly (`TERM`) or at once (`KILL`). Calls that are up are lost either way.
    pub(crate) async fn stop(&mut self, signal: &str) -> Result<()> {
        match self.leash.take() {
            Some(leash) => leash.end(signal).await,
            None => Ok(()),
        }
    }

    /// Runs a command of Asterisk's own console and returns what it printed.
    pub(crate) async fn console(&self, command: &str) -> Result<String> {
        let config = format!("{}/etc/asterisk.conf", self.inside());
        let mut chroot = tokio::process::Command::new("chroot");
        chroot
            .arg(&self.root)
            .args(["/usr/sbin/asterisk", "-C", &config, "-rx", command]);
        leash::run(&mut chroot).await
    }

    /// The end of Asterisk's log.
    pub(crate) fn last_words(&self) -> String {
        let read = |name| fs::read(self.folder.path().join(name)).unwrap_or_default();
        let text = [read("log/output"), read("log/full")].concat();
        leash::last_words(&String::from_utf8_lossy(&text))
    }
}
