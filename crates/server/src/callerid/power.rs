//! Tells whether the machine stopped without us, so that what the disk had not yet is made up for.
//!
//! While we run, a file names the boot of the machine that we run in. We take it away when the ledger is on the disk to its
//! end. If it is there at a start and names another boot, the machine went down in between.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Unlike any boot, so that without a name of the boot every stop in between counts as a loss of power.
const UNKNOWN: &str = "unknown";

/// The file that stands while we run.
#[derive(Debug)]
pub(super) struct Power(PathBuf);

impl Power {
    /// Whether power was lost since the last time; from now on this boot stands there.
    pub(super) fn begin(folder: &Path) -> io::Result<(Self, bool)> {
        // Linux: proc_sys_kernel(5).
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        Self::begin_in(folder, boot.as_deref().map_or(UNKNOWN, str::trim))
    }

    fn begin_in(folder: &Path, boot: &str) -> io::Result<(Self, bool)> {
        let path = folder.join("boot");
        let lost = match fs::read_to_string(&path) {
            Ok(before) => before != boot || boot == UNKNOWN,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        let mut file = File::create(&path)?;
        file.write_all(boot.as_bytes())?;
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
        Ok((Self(path), lost))
    }

    /// All of the ledger is on the disk.
    pub(super) fn end(&self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, "the stop cannot be noted; a loss of power will be assumed after a reboot");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn power_was_lost_if_another_boot_began_while_we_ran() {
        let folder = tempfile::tempdir().unwrap();
        let lost = |boot: &str| Power::begin_in(folder.path(), boot).unwrap().1;
        assert!(!lost("a"), "the first start");
        assert!(!lost("a"), "we died, the machine did not");
        assert!(lost("b"));
        assert!(!lost("b"), "made up for once");
        Power::begin_in(folder.path(), "b").unwrap().0.end();
        assert!(!lost("c"), "we had stopped before");
    }

    #[test]
    fn where_boots_have_no_name_a_death_counts_as_a_loss_of_power() {
        let folder = tempfile::tempdir().unwrap();
        let begin = || Power::begin_in(folder.path(), UNKNOWN).unwrap();
        assert!(!begin().1);
        let (power, lost) = begin();
        assert!(lost);
        power.end();
        assert!(!begin().1);
    }
}
