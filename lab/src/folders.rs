//! Where things lie: a cache that outlives the run, and one folder per running server that does not.
//!
//! Every running server's folder holds a locked file; a folder whose lock is free belongs to a process that
//! died, and the next start sweeps it away. Never deletes a folder whose lock it does not hold.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use crate::error::{Doing, LabError, Result};

/// How often a process that waits for another one's build looks again.
const BUILD_POLL: Duration = Duration::from_millis(100);

const LOCK_NAME: &str = ".lock";

/// `$CORDBOARD_CACHE`, else `$XDG_CACHE_HOME/cordboard/lab`, else `~/.cache/cordboard/lab`.
pub fn cache() -> Result<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = set("CORDBOARD_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("cordboard/lab")))
        .or_else(|| Some(set("HOME")?.join(".cache/cordboard/lab")))
        .ok_or_else(|| {
            LabError::Missing("no folder for the lab's cache: set CORDBOARD_CACHE".into())
        })?;
    fs::create_dir_all(&folder).doing(|| format!("make {}", folder.display()))?;
    folder
        .canonicalize()
        .doing(|| format!("find {}", folder.display()))
}

/// The folder of everything that runs now, private to this user but passable, so that a database server
/// that refuses to run as root can reach its own folder inside.
pub(crate) fn runtime() -> Result<PathBuf> {
    let home = fs::metadata("/proc/self").doing(|| "read /proc/self".into())?;
    let folder = std::env::temp_dir().join(format!("cordboard-lab-{}", home.uid()));
    match DirBuilder::new().mode(0o711).create(&folder) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).doing(|| format!("make {}", folder.display())),
    }
    let found = fs::symlink_metadata(&folder).doing(|| format!("look at {}", folder.display()))?;
    if !found.is_dir() || found.uid() != home.uid() {
        return Err(LabError::Unexpected(format!(
            "{} belongs to somebody else",
            folder.display()
        )));
    }
    Ok(folder)
}

/// One running server's folder. Removed when dropped.
#[derive(Debug)]
pub(crate) struct RunFolder {
    path: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Makes `<base>/<kind>-<pid>-<n>`, after sweeping what dead processes left in `base`.
    pub(crate) fn make(base: &Path, kind: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        sweep(base);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("{kind}-{}-{count}", std::process::id()));
        // Locked under another name first: a folder that is swept between being made and being locked is lost.
        let staging = base.join(format!(".{kind}-{}-{count}", std::process::id()));
        DirBuilder::new()
            .mode(0o711)
            .recursive(true)
            .create(&staging)
            .doing(|| format!("make {}", staging.display()))?;
        let lock = open_lock(&staging.join(LOCK_NAME))?;
        lock.try_lock().map_err(|error| {
            LabError::Unexpected(format!("lock {}: {error}", staging.display()))
        })?;
        fs::rename(&staging, &path).doing(|| format!("make {}", path.display()))?;
        Ok(Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What cannot be removed now is swept by the next start, once the lock is free.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if hidden || !path.join(LOCK_NAME).exists() {
            continue;
        }
        let Ok(lock) = File::open(path.join(LOCK_NAME)) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

pub(crate) fn open_lock(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .doing(|| format!("open {}", path.display()))
}

/// Returns `<cache>/<name>`, made by `build` in a folder beside it and renamed when finished, so that a half-made
/// one is never seen. Of several processes one builds; the others wait.
pub(crate) async fn build_once(
    name: &str,
    build: impl AsyncFnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let cache = cache()?;
    let done = cache.join(name);
    if done.exists() {
        return Ok(done);
    }
    let lock = open_lock(&cache.join(format!("{name}.lock")))?;
    let mut told = false;
    while lock.try_lock().is_err() {
        if !told {
            eprintln!(
                "lab: waiting for another process that makes {}",
                done.display()
            );
            told = true;
        }
        tokio::time::sleep(BUILD_POLL).await;
    }
    if done.exists() {
        return Ok(done);
    }
    let building = cache.join(format!("{name}.building"));
    if building.exists() {
        fs::remove_dir_all(&building).doing(|| format!("remove {}", building.display()))?;
    }
    fs::create_dir(&building).doing(|| format!("make {}", building.display()))?;
    build(&building).await?;
    fs::rename(&building, &done).doing(|| format!("make {}", done.display()))?;
    Ok(done)
}

/// Writes a file that only its owner reads: it holds a secret.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    fs::write(path, "").doing(|| format!("write {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .doing(|| format!("protect {}", path.display()))?;
    fs::write(path, text).doing(|| format!("write {}", path.display()))
}

/// 128 random bits as hexadecimal digits.
pub(crate) fn random_secret() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 16];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .doing(|| "read /dev/urandom".into())?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
