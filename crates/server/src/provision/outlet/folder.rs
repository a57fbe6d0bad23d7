//! A file of `pjsip.conf`'s kind, with all of a server's phones and trunks: the objects that Asterisk would make of our rows.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use store::AsteriskRow;
use tokio::sync::Mutex;

use super::LeftOut;
use crate::whole_file::{self, HEADER, WholeFileError};

const FILE: &str = "pjsip_cordboard.conf";
/// Asterisk reads it by its group: a folder with the bit `g+s` hands its own on.
const MODE: u32 = 0o640;
const FOLDER_MODE: u32 = 0o750;

pub(super) struct Folder {
    path: PathBuf,
    turn: Mutex<()>,
}

impl Folder {
    /// `name` is a server's: lower-case letters, digits, `-` and `_`.
    pub(super) fn new(parent: &Path, name: &str) -> Self {
        Self {
            path: parent.join(name),
            turn: Mutex::default(),
        }
    }

    /// One after the other; `rows` is asked when it is its turn.
    pub(super) async fn write(
        &self,
        rows: impl FnOnce() -> Vec<AsteriskRow>,
    ) -> Result<LeftOut, String> {
        let _turn = self.turn.lock().await;
        let (text, left_out) = rendered(&rows());
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || put(&path, &text)).await;
        match written {
            Ok(Ok(())) => Ok(left_out),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn put(folder: &Path, text: &str) -> Result<(), WholeFileError> {
    if let Some(parent) = folder.parent() {
        whole_file::check_folder(parent)?;
    }
    if !folder.exists() {
        let made = fs::DirBuilder::new().mode(FOLDER_MODE).create(folder);
        made.map_err(|source| WholeFileError::Io {
            path: folder.to_owned(),
            source,
        })?;
    }
    whole_file::replace(folder, FILE, text, MODE).map(drop)
}

/// The file's text. An object that it cannot hold is left out as a whole.
fn rendered(rows: &[AsteriskRow]) -> (String, LeftOut) {
    let mut left_out = LeftOut::new();
    for row in rows {
        if let Some(why) = row.columns.iter().find_map(unfit) {
            left_out.insert(row.id.clone(), why);
        }
    }
    let mut text = format!(
        "{HEADER} serve`, which writes it anew at each change. `#include` it in pjsip.conf.\n; Secrets are in it: keep it from others.\n"
    );
    for row in rows.iter().filter(|row| !left_out.contains_key(&row.id)) {
        let Some(kind) = kind(row.table) else {
            continue;
        };
        let _ = writeln!(text, "\n[{}]\ntype = {kind}", row.id);
        for (name, value) in row.columns.iter().filter(|(name, _)| *name != "id") {
            let _ = writeln!(text, "{name} = {}", whole_file::escaped(value));
        }
    }
    (text, left_out)
}

fn unfit((name, value): &(&'static str, String)) -> Option<String> {
    if value.trim() != value {
        let why = "begins or ends with a space, which Asterisk's files cannot hold";
        return Some(format!("{name} {why}"));
    }
    let is_broken = value.chars().any(char::is_control);
    is_broken.then(|| format!("{name} has a control character"))
}

/// What Asterisk's files call a row of this table.
fn kind(table: &str) -> Option<&'static str> {
    Some(match table {
        "ps_endpoints" => "endpoint",
        "ps_auths" => "auth",
        "ps_aors" => "aor",
        "ps_endpoint_id_ips" => "identify",
        "ps_registrations" => "registration",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn row(table: &'static str, id: &str, password: &str) -> AsteriskRow {
        AsteriskRow {
            table,
            id: id.to_owned(),
            columns: vec![("id", id.to_owned()), ("password", password.to_owned())],
        }
    }

    #[test]
    fn no_value_can_end_its_line_or_be_taken_for_a_remark() {
        let rows = [
            row("ps_auths", "provider", "a\"; b=c ;-- #100% \\; [x]"),
            row("ps_aors", "broken", "a\nb"),
            row("ps_auths", "broken", "fine"),
            row("ps_auths", "spaced", "a "),
        ];
        let (text, left_out) = rendered(&rows);
        assert!(
            text.ends_with(
                "\n[provider]\ntype = auth\npassword = a\"\\; b=c \\;-- #100% \\\\; [x]\n"
            ),
            "{text}"
        );
        let why: Vec<_> = left_out
            .iter()
            .map(|(id, why)| format!("{id}: {why}"))
            .collect();
        assert_eq!(
            why,
            [
                "broken: password has a control character",
                "spaced: password begins or ends with a space, which Asterisk's files cannot hold",
            ]
        );
    }

    #[tokio::test]
    async fn the_file_is_for_its_group_and_goes_nowhere_open() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path(), "main");
        folder
            .write(|| vec![row("ps_auths", "101", "x")])
            .await
            .unwrap();
        let file = place.path().join("main").join(FILE);
        assert!(fs::read_to_string(&file).unwrap().contains("\n[101]\n"));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o137, 0, "{mode:o}");
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let refused = folder.write(Vec::new).await.unwrap_err();
        assert!(refused.contains("anybody may write into"), "{refused}");
        assert!(fs::read_to_string(&file).unwrap().contains("\n[101]\n"));
    }
}
