//! Tells whether the machine stopped without us, so that what the disk had not yet is made up for.
//!
//! While we run, a file names the boot of the machine that we run in. We take it away when the ledger is on the disk to its
//! end. If it is there at a start and names another boot, the machine went down in between.
//!
//! What is charged for it stands nowhere but in memory until a number is used again. So another file says when that was, and
//! as long as a number's day may be the same, every start charges anew: a few uses are wasted, and none is forgotten.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use model::Timestamp;

/// Unlike any boot, so that without a name of the boot every stop in between counts as a loss of power.
const UNKNOWN: &str = "unknown";

/// A day with a clock that is set back.
const LONGEST_DAY: Duration = Duration::from_hours(25);

/// The file that stands while we run.
#[derive(Debug)]
pub(super) struct Power(PathBuf);

impl Power {
    /// Whether uses may be forgotten that count today: power was lost since the last time, or on the day before `now`. From now
    /// on this boot stands there.
    pub(super) fn begin(folder: &Path, now: Timestamp) -> io::Result<(Self, bool)> {
        // Linux: proc_sys_kernel(5).
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        Self::begin_in(folder, boot.as_deref().map_or(UNKNOWN, str::trim), now)
    }

    fn begin_in(folder: &Path, boot: &str, now: Timestamp) -> io::Result<(Self, bool)> {
        let (path, charged) = (folder.join("boot"), folder.join("charged"));
        let before = read(&path)?;
        let lost = before.is_some_and(|before| before != boot || boot == UNKNOWN);
        if lost {
            write(&charged, &now.as_micros().to_string())?;
        }
        // A file that cannot be read counts as one of just now.
        let lost_at = read(&charged)?.map(|at| at.parse().map_or(now, Timestamp::from_micros));
        write(&path, boot)?;
        File::open(folder)?.sync_all()?;
        let is_today = lost_at.is_some_and(|at| now.since(at) < LONGEST_DAY);
        Ok((Self(path), is_today))
    }

    /// All of the ledger is on the disk.
    pub(super) fn end(&self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(%error, "the stop cannot be noted; a loss of power will be assumed after a reboot");
        }
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_764_417_600_000_000);

    #[test]
    fn power_was_lost_if_another_boot_began_while_we_ran() {
        let folder = tempfile::tempdir().unwrap();
        let lost = |boot: &str| Power::begin_in(folder.path(), boot, NOON).unwrap().1;
        assert!(!lost("a"), "the first start");
        assert!(!lost("a"), "we died, the machine did not");
        Power::begin_in(folder.path(), "a", NOON).unwrap().0.end();
        assert!(!lost("b"), "we had stopped before");
        assert!(lost("c"));
    }

    #[test]
    fn a_loss_is_made_up_for_at_every_start_of_the_day() {
        let folder = tempfile::tempdir().unwrap();
        let begin = |boot: &str, hours| {
            let at = NOON.after(Duration::from_hours(hours));
            Power::begin_in(folder.path(), boot, at).unwrap()
        };
        begin("a", 0);
        assert!(begin("b", 1).1);
        let (power, again) = begin("b", 2);
        assert!(again, "we died before the numbers were used");
        power.end();
        assert!(begin("b", 25).1, "we had stopped");
        assert!(!begin("b", 26).1, "it is another day");
        fs::write(folder.path().join("charged"), "nonsense").unwrap();
        assert!(begin("b", 100).1);
    }

    #[test]
    fn where_boots_have_no_name_a_death_counts_as_a_loss_of_power() {
        let folder = tempfile::tempdir().unwrap();
        let begin = || Power::begin_in(folder.path(), UNKNOWN, NOON).unwrap().1;
        assert!(!begin());
        assert!(begin());
    }
}
