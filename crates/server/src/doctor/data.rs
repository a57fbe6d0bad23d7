//! The data folder: is it there, is it ours, is there room?

use std::{
    fs::{self, File, Metadata},
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use super::Finding;
use crate::config::Config;

const SUBJECT: &str = "data folder";
const ROOM: &str = "free disk";

/// Below it a warning: logs and recordings come on top of the journal.
const COMFORTABLE: u64 = 1 << 30;

/// Others than its owner may look into it.
const OPEN_TO_OTHERS: u32 = 0o077;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let folder = &config.data.folder;
    let shown = folder.display();
    match fs::metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = existing_parent(folder);
            let what = format!("{shown} is not there yet; the first start makes it");
            vec![Finding::ok(SUBJECT, what), room(config, parent)]
        }
        Err(error) => vec![
            Finding::problem(SUBJECT, format!("cannot look at {shown}"))
                .because(error)
                .remedy("name a folder that this user may use by `--data` or `data.folder`"),
        ],
        Ok(metadata) => vec![writable(folder, &metadata), room(config, folder)],
    }
}

fn writable(folder: &Path, metadata: &Metadata) -> Finding {
    let shown = folder.display();
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let written = File::create(&probe).and_then(|mut file| file.write_all(b"x"));
    let _ = fs::remove_file(&probe);
    if let Err(error) = written {
        return Finding::problem(SUBJECT, format!("cannot write into {shown}"))
            .because(error)
            .remedy("give the folder to the user that runs the server, or run this as that user");
    }
    if metadata.mode() & OPEN_TO_OTHERS != 0 {
        return Finding::warning(SUBJECT, format!("others may look into {shown}"))
            .because(format!("its mode is {:o}", metadata.mode() & 0o777))
            .remedy(format!("chmod 700 {shown}"));
    }
    Finding::ok(SUBJECT, format!("{shown} can be written"))
}

fn room(config: &Config, folder: &Path) -> Finding {
    let free = match rustix::fs::statvfs(folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            return Finding::warning(ROOM, "cannot be told").because(error);
        }
    };
    let shown = format!("{} MiB", free >> 20);
    let journal = config.journal.max_bytes.0;
    if free < journal {
        return Finding::problem(ROOM, format!("only {shown} are left"))
            .because(format!(
                "the journal alone may need {} MiB (journal.max_bytes)",
                journal >> 20
            ))
            .remedy("make room, or move the data folder to another disk");
    }
    if free < COMFORTABLE {
        return Finding::warning(ROOM, format!("only {shown} are left")).remedy("make room soon");
    }
    Finding::ok(ROOM, format!("{shown} are left"))
}

fn existing_parent(folder: &Path) -> &Path {
    let mut parents = folder.ancestors().skip(1);
    parents
        .find(|parent| parent.exists())
        .unwrap_or_else(|| Path::new("."))
}
