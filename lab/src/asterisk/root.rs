//! A root file system with Asterisk in it, made once by debootstrap and shared by all labs.
//!
//! Nothing in it is changed after it was made, but for the folder `lab/`, where each lab has its own.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Instant,
};

use crate::{
    error::{LabError, Result},
    folders::build_once,
    leash, requirements,
};

/// Raised when what a root holds changes, so that older ones are not taken for it.
const EDITION: u32 = 1;

/// What is installed beside the base system: Asterisk, its sounds, and what its realtime drivers need.
const PACKAGES: &[&str] = &[
    "asterisk",
    "asterisk-core-sounds-en-wav",
    "asterisk-moh-opsound-wav",
    "odbc-mariadb",
    "odbc-postgresql",
    "unixodbc",
];

/// A snapshot's package lists may be past their date; what they list is installed all the same.
const INSTALL: &str = "export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
printf 'force-unsafe-io\\n' >/etc/dpkg/dpkg.cfg.d/lab
apt-get -o Acquire::Check-Valid-Until=false update -qq
apt-get install -y -qq --no-install-recommends \"$@\"
apt-get clean
rm -rf /var/lib/apt/lists/* /usr/share/doc/* /usr/share/man/* /usr/share/locale/*";

/// Which Asterisk.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub enum Release {
    /// 22, from Debian sid. Has REST over the ARI WebSocket.
    #[serde(rename = "22")]
    Asterisk22,
    /// 16, from Debian 11.
    #[serde(rename = "16")]
    Asterisk16,
}

impl Release {
    pub const ALL: [Self; 2] = [Self::Asterisk22, Self::Asterisk16];

    fn suite(self) -> &'static str {
        match self {
            Self::Asterisk22 => "sid",
            Self::Asterisk16 => "bullseye",
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asterisk22 => "22",
            Self::Asterisk16 => "16",
        })
    }
}

impl FromStr for Release {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL
            .into_iter()
            .find(|release| release.to_string() == text);
        known.ok_or_else(|| format!("there is no lab with Asterisk {text}; there are 22 and 16"))
    }
}

/// Makes the lack of a network, or of a package, a lack of the machine: it is no fault of what is tested.
fn cannot_be_made(release: Release, error: &LabError) -> LabError {
    LabError::Missing(format!(
        "Asterisk {release} could not be installed (is there a network?): {error}"
    ))
}

/// The root file system of a release, made now if it is not in the cache. Takes a minute or two the first time.
pub async fn root(release: Release) -> Result<PathBuf> {
    let suite = release.suite();
    build_once(
        &format!("asterisk-{release}-{suite}-{EDITION}"),
        async |building| {
            if let Some(why) = requirements::root_cannot_be_made() {
                return Err(LabError::Missing(why));
            }
            let started = Instant::now();
            let step = |what: &str| {
                eprintln!(
                    "lab: Asterisk {release}: {what} ({} s)",
                    started.elapsed().as_secs()
                );
            };
            step(&format!("making a Debian {suite} root"));
            let mut debootstrap = tokio::process::Command::new("debootstrap");
            debootstrap.args(["--variant=minbase", suite]).arg(building);
            if let Some(mirror) = std::env::var_os("CORDBOARD_DEBIAN_MIRROR") {
                debootstrap.arg(mirror);
            }
            leash::run(&mut debootstrap)
                .await
                .map_err(|error| cannot_be_made(release, &error))?;
            step("installing Asterisk in it");
            install(building)
                .await
                .map_err(|error| cannot_be_made(release, &error))?;
            check_version(building, release).await?;
            step("done");
            Ok(())
        },
    )
    .await
}

async fn install(building: &Path) -> Result<()> {
    let mut chroot = tokio::process::Command::new("chroot");
    chroot
        .arg(building)
        .args(["sh", "-euc", INSTALL, "sh"])
        .args(PACKAGES);
    chroot
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C.UTF-8");
    leash::run(&mut chroot).await?;
    std::fs::create_dir_all(building.join("lab")).map_err(|source| LabError::Io {
        doing: "make the labs' folder".into(),
        source,
    })
}

/// A suite that moves on would otherwise bring another Asterisk in silence.
async fn check_version(building: &Path, release: Release) -> Result<()> {
    let mut asterisk = tokio::process::Command::new("chroot");
    let said = leash::run(asterisk.arg(building).args(["/usr/sbin/asterisk", "-V"])).await?;
    if said.starts_with(&format!("Asterisk {release}.")) {
        return Ok(());
    }
    let suite = release.suite();
    Err(LabError::Missing(format!(
        "Debian {suite} has {said} now, not {release}: set CORDBOARD_DEBIAN_MIRROR to an older snapshot of it"
    )))
}
