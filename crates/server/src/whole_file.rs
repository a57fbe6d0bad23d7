//! Files of Asterisk's that are replaced in one step: nobody sees a half one, nobody but whom it is for sees one at all, and what another
//! has written is never replaced.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// How each of our files begins. What begins otherwise is another's.
pub const HEADER: &str = "; Written by `cordboard";
/// Anybody may write there.
const OTHERS_WRITE: u32 = 0o002;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WholeFileError {
    #[error("{0} is another's: it does not begin as what Cordboard writes does")]
    Others(PathBuf),
    #[error("{0} is no folder, or is a link")]
    NoFolder(PathBuf),
    #[error(
        "anybody may write into {0}: take that right away (`chmod o-w`), or name another folder"
    )]
    Open(PathBuf),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// Writes `text` into the file `name` of `folder`, unless it is there already; whether it was written.
///
/// `mode` is such as `0o600`. By another name first: a link or a file that is there is replaced, never followed.
pub fn replace(folder: &Path, name: &str, text: &str, mode: u32) -> Result<bool, WholeFileError> {
    check_folder(folder)?;
    let path = folder.join(name);
    let failed = |source| WholeFileError::Io {
        path: path.clone(),
        source,
    };
    let is_file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    match fs::read(&path) {
        Ok(before) if is_file && before == text.as_bytes() => return Ok(false),
        Ok(before) if !before.is_empty() && !before.starts_with(HEADER.as_bytes()) => {
            return Err(WholeFileError::Others(path));
        }
        _ => {}
    }
    let new = folder.join(format!(".{name}.new-{}", std::process::id()));
    let _ = fs::remove_file(&new);
    let written = put(&new, text, mode)
        .and_then(|()| fs::rename(&new, &path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written.map(|()| true).map_err(failed)
}

/// Whoever may write into a folder may put another file in the place of ours.
pub fn check_folder(folder: &Path) -> Result<(), WholeFileError> {
    let found = fs::symlink_metadata(folder).map_err(|source| WholeFileError::Io {
        path: folder.to_owned(),
        source,
    })?;
    if !found.is_dir() {
        return Err(WholeFileError::NoFolder(folder.to_owned()));
    }
    if found.mode() & OTHERS_WRITE != 0 {
        return Err(WholeFileError::Open(folder.to_owned()));
    }
    Ok(())
}

fn put(new: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A value as Asterisk's files have it: what follows a `;` would be taken for a remark. Never with a line's end in it.
pub fn escaped(value: &str) -> String {
    value.replace(';', "\\;")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn ours(text: &str) -> String {
        format!("{HEADER}`\n{text}\n")
    }

    #[test]
    fn a_link_is_replaced_and_what_it_leads_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (out, other) = (folder.path().join("out"), folder.path().join("other"));
        fs::create_dir(&out).unwrap();
        fs::write(&other, ours("before")).unwrap();
        symlink(&other, out.join("a.conf")).unwrap();
        assert!(replace(&out, "a.conf", &ours("[x]"), 0o600).unwrap());
        assert_eq!(fs::read_to_string(&other).unwrap(), ours("before"));
        assert_eq!(fs::read_to_string(out.join("a.conf")).unwrap(), ours("[x]"));
        let found = fs::symlink_metadata(out.join("a.conf")).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
        assert!(!replace(&out, "a.conf", &ours("[x]"), 0o600).unwrap());
    }

    #[test]
    fn what_is_anothers_and_where_anybody_writes_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let refused = replace(&out, "a.conf", &ours(""), 0o600).unwrap_err();
        assert!(matches!(refused, WholeFileError::Io { .. }), "{refused}");
        fs::create_dir(&out).unwrap();
        fs::write(out.join("a.conf"), "[mine]\n").unwrap();
        let refused = replace(&out, "a.conf", &ours(""), 0o600).unwrap_err();
        assert!(matches!(refused, WholeFileError::Others(_)), "{refused}");
        assert_eq!(fs::read_to_string(out.join("a.conf")).unwrap(), "[mine]\n");

        fs::set_permissions(&out, fs::Permissions::from_mode(0o777)).unwrap();
        let refused = replace(&out, "b.conf", &ours(""), 0o600).unwrap_err();
        assert!(matches!(refused, WholeFileError::Open(_)), "{refused}");
        assert!(!out.join("b.conf").exists());
        symlink(folder.path(), folder.path().join("link")).unwrap();
        let refused = check_folder(&folder.path().join("link")).unwrap_err();
        assert!(matches!(refused, WholeFileError::NoFolder(_)), "{refused}");
    }
}
