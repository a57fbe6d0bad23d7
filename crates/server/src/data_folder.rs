//! Who works on a data folder: a server, or a command that may not work beside one.

use std::fs::{self, File, TryLockError};
use std::{io, path::Path};

use uuid::Uuid;

const FILE: &str = "running.lock";

/// As long as it lives, nobody else has the folder. A process that dies gives it back.
#[derive(Debug)]
pub struct Tenancy {
    _file: File,
}

/// Why the folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TenancyError {
    #[error("a running server, or an import, has it")]
    Taken,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Takes the folder, which must be there.
pub fn occupy(folder: &Path) -> Result<Tenancy, TenancyError> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    let file = options.open(folder.join(FILE))?;
    match file.try_lock() {
        Ok(()) => Ok(Tenancy { _file: file }),
        Err(TryLockError::WouldBlock) => Err(TenancyError::Taken),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// This node's name, as it stands in its file.
pub(crate) fn node(file: &Path, random: u128) -> io::Result<String> {
    match fs::read_to_string(file) {
        Ok(name) => Ok(name.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = Uuid::from_u128(random).to_string();
            fs::write(file, &name)?;
            Ok(name)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_has_it_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = occupy(folder.path()).unwrap();
        assert!(matches!(occupy(folder.path()), Err(TenancyError::Taken)));
        drop(first);
        occupy(folder.path()).unwrap();
        let missing = folder.path().join("missing");
        assert!(matches!(occupy(&missing), Err(TenancyError::Io(_))));
    }
}
