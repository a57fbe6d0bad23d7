//! Rendered files, written so that nobody sees a half one, and nobody else sees one at all.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use anyhow::Context as _;

use crate::failure::{Code, Failure};

/// A file of Asterisk's configuration.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// How each begins.
pub(super) const HEADER: &str = "; Written by `cordboard asterisk render";

/// Writes all of them into `folder`, which is made if it is missing.
pub(super) fn write(folder: &Path, files: &[File]) -> anyhow::Result<()> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.with_context(|| format!("cannot make {}", folder.display()))?;
    for file in files {
        let path = folder.join(file.name);
        refuse_others(&path)?;
        put(&path, &file.text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// A site's own file is not ours to replace.
fn refuse_others(path: &Path) -> anyhow::Result<()> {
    match fs::read(path) {
        Ok(before) if !before.is_empty() && !before.starts_with(HEADER.as_bytes()) => {
            let what = format!("{} is another's", path.display());
            Err(Failure::new(Code::Failed, what)
                .because("it does not begin as what is written here does")
                .remedy("name another folder by --out, and take what is in the files into yours")
                .into())
        }
        _ => Ok(()),
    }
}

/// In one step, by another name first: a link or a file that is there is replaced, never followed.
fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".new-{}", std::process::id()));
    let _ = fs::remove_file(&new);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_link_is_replaced_and_what_it_leads_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (out, other) = (folder.path().join("out"), folder.path().join("other"));
        fs::create_dir(&out).unwrap();
        fs::write(&other, format!("{HEADER}` before\n")).unwrap();
        std::os::unix::fs::symlink(&other, out.join("a.conf")).unwrap();
        let file = File {
            name: "a.conf",
            text: format!("{HEADER}`\n[x]\n"),
        };
        write(&out, std::slice::from_ref(&file)).unwrap();
        let left = fs::read_to_string(&other).unwrap();
        assert!(left.ends_with("before\n"), "{left}");
        let written = fs::read_to_string(out.join("a.conf")).unwrap();
        assert!(written.ends_with("[x]\n"), "{written}");
        let mode = fs::symlink_metadata(out.join("a.conf"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1);

        fs::write(out.join("a.conf"), "[mine]\n").unwrap();
        assert!(write(&out, &[file]).is_err());
        let mine = fs::read_to_string(out.join("a.conf")).unwrap();
        assert_eq!(mine, "[mine]\n");
    }
}
