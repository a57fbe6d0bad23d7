//! One database server: started, stopped, started again on the same port with the same data.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, chown},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    error::{Doing, LabError, Result},
    folders::{self, RunFolder},
    leash::{self, Leash, Leashed},
    ports::Port,
};

/// How long a server may take until it answers.
const START_LIMIT: Duration = Duration::from_mins(1);
const START_POLL: Duration = Duration::from_millis(20);

/// Builds the command that starts the server, from its folder and port.
pub(super) type CommandOf = fn(&Place) -> Result<Leashed>;
/// Says whether the server answers now.
pub(super) type AnswersOf =
    for<'a> fn(&'a Place) -> std::pin::Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// What tells one kind of server from another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) command: CommandOf,
    pub(super) answers: AnswersOf,
    /// The signal that ends it cleanly.
    pub(super) stop_signal: &'static str,
    /// The signal that ends it at once but leaves no shared memory behind.
    pub(super) kill_signal: &'static str,
}

/// Where one server lives.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) data: PathBuf,
    pub(super) port: u16,
    pub(super) password: String,
}

/// A running (or stopped) server of our own. Gone, with its data, when dropped.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    dsn: String,
    place: Place,
    leash: Option<Leash>,
    // After the leash, so that the program is gone before its folder and port are.
    folder: RunFolder,
    _port: Port,
}

impl Server {
    /// Starts a server of `kind` whose data folder begins as a copy of `template`, or empty.
    pub(super) async fn start_new(
        kind: Kind,
        template: Option<&Path>,
        owner: Option<Owner>,
        password: String,
        dsn: impl FnOnce(&Place) -> String,
    ) -> Result<Self> {
        let folder = RunFolder::make(&folders::runtime()?, kind.name)?;
        let data = folder.path().join("data");
        match template {
            Some(template) => copy(template, &data).await?,
            None => {
                fs::DirBuilder::new()
                    .mode(0o700)
                    .create(&data)
                    .doing(|| format!("make {}", data.display()))?;
            }
        }
        if let Some(owner) = owner {
            owner.give(&data).await?;
        }
        let port = Port::reserve()?;
        let place = Place {
            data,
            port: port.number(),
            password,
        };
        let mut server = Self {
            kind,
            dsn: dsn(&place),
            place,
            leash: None,
            folder,
            _port: port,
        };
        server.start().await?;
        Ok(server)
    }

    /// The address with user and password of somebody who may do everything.
    pub fn dsn(&self) -> &str {
        &self.dsn
    }

    /// Starts the server again after [`stop`](Self::stop) or [`kill`](Self::kill), and waits until it answers.
    pub async fn start(&mut self) -> Result<()> {
        if self.leash.is_some() {
            return Ok(());
        }
        let log = self.folder.path().join("log");
        let command = (self.kind.command)(&self.place)?
            .end_signal(self.kind.kill_signal)
            .log(&log)?;
        let mut leash = command.spawn()?;
        let started = Instant::now();
        while !(self.kind.answers)(&self.place).await {
            let said = || leash::last_words(&fs::read_to_string(&log).unwrap_or_default());
            if let Some(status) = leash.exited() {
                let program = self.kind.name.to_owned();
                return Err(LabError::Program {
                    program,
                    status: status.to_string(),
                    output: said(),
                });
            }
            if started.elapsed() > START_LIMIT {
                let what = format!("the start of {}", self.kind.name);
                return Err(LabError::Timeout {
                    what,
                    waited: START_LIMIT,
                    detail: format!(": {}", said()),
                });
            }
            tokio::time::sleep(START_POLL).await;
        }
        self.leash = Some(leash);
        Ok(())
    }

    /// Stops it cleanly, as an administrator does. Clients lose their connections; the data stays.
    pub async fn stop(&mut self) -> Result<()> {
        self.end(self.kind.stop_signal).await
    }

    /// Stops it without warning, as a power cut does.
    pub async fn kill(&mut self) -> Result<()> {
        self.end(self.kind.kill_signal).await
    }

    async fn end(&mut self, signal: &str) -> Result<()> {
        match self.leash.take() {
            Some(leash) => leash.end(signal).await,
            None => Ok(()),
        }
    }
}

/// The system user as whom a server runs that refuses to be root.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    uid: u32,
    gid: u32,
}

impl Owner {
    /// The first of `names` that exists, or nobody; `None` when we are not root, and the server runs as we do.
    pub(super) fn find(name: &str) -> Result<Option<Self>> {
        if !crate::requirements::is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").doing(|| "read /etc/passwd".into())?;
        let find = |wanted: &str| {
            users
                .lines()
                .map(|line| line.split(':').collect::<Vec<_>>())
                .find_map(|fields| {
                    let known = fields.len() > 3 && fields[0] == wanted;
                    known.then(|| {
                        Some(Self {
                            uid: fields[2].parse().ok()?,
                            gid: fields[3].parse().ok()?,
                        })
                    })?
                })
        };
        find(name)
            .or_else(|| find("nobody"))
            .map(Some)
            .ok_or_else(|| LabError::Missing(format!("neither user {name} nor nobody exists")))
    }

    /// Wraps a program so that it runs as this user.
    pub(super) fn command(owner: Option<Self>, program: &Path) -> Leashed {
        match owner {
            None => Leashed::new(program),
            Some(Self { uid, gid }) => Leashed::new("setpriv")
                .arg(format!("--reuid={uid}"))
                .arg(format!("--regid={gid}"))
                .args(["--clear-groups", "--"])
                .arg(program),
        }
    }

    /// The same for a program that ends by itself.
    pub(super) fn run(owner: Option<Self>, program: &Path) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(program);
        if let Some(Self { uid, gid }) = owner {
            command.uid(uid).gid(gid);
        }
        command.current_dir("/");
        command
    }

    pub(super) fn give_file(self, file: &Path) -> Result<()> {
        chown(file, Some(self.uid), Some(self.gid))
            .doing(|| format!("change the owner of {}", file.display()))
    }

    /// Makes a folder and everything in it this user's.
    pub(super) async fn give(self, folder: &Path) -> Result<()> {
        let Self { uid, gid } = self;
        leash::run(
            tokio::process::Command::new("chown")
                .arg("-R")
                .arg(format!("{uid}:{gid}"))
                .arg(folder),
        )
        .await?;
        Ok(())
    }
}

/// Copies a folder with its rights, sharing blocks where the file system can.
pub(super) async fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut command = tokio::process::Command::new("cp");
    leash::run(
        command
            .args(["-a", "--reflink=auto", "--"])
            .arg(from)
            .arg(to),
    )
    .await?;
    Ok(())
}
