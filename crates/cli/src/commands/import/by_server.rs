//! An import by a running server.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use model::CallerIdImportId;
use server::callerid::import::ImportReport;

use crate::{
    commands::{
        progress,
        remote::{Remote, unreadable},
    },
    failure::{Code, Failure},
    output::Output,
};

/// The longest file that a server takes, in bytes.
const MAX_FILE: u64 = 64 << 20;

impl Remote {
    pub(super) async fn take_in(
        &self,
        path: &Path,
        dry_run: bool,
        output: &Output,
    ) -> anyhow::Result<ImportReport> {
        let too_long = "split it, or stop the server and import it without `--api`";
        let body = whole(path, too_long)?;
        let name = path.file_name().unwrap_or(path.as_os_str());
        let mut url = self.at("v1/caller-ids/import")?;
        url.query_pairs_mut()
            .append_pair("file", &name.to_string_lossy())
            .append_pair("dry_run", &dry_run.to_string());
        let bar = progress::waiting(output);
        let request = self.client.post(url).header("content-type", "text/csv");
        let answer = self.answer(request.body(body)).await;
        bar.finish_and_clear();
        Ok(serde_json::from_value(answer?)?)
    }

    /// What was undone: the numbers that were restored, and those that were removed.
    pub(super) async fn undo(&self, id: CallerIdImportId) -> anyhow::Result<(u64, u64)> {
        let url = self.at(&format!("v1/caller-ids/imports/{id}/undo"))?;
        let answer = self.answer(self.client.post(url)).await?;
        let count = |name: &str| answer[name].as_u64().unwrap_or_default();
        Ok((count("restored"), count("removed")))
    }
}

/// All of a file that a server is to take in; `too_long` is what to do if it is.
pub(super) fn whole(path: &Path, too_long: &str) -> Result<Vec<u8>, Failure> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let mut body = Vec::new();
    let read = file.take(MAX_FILE + 1).read_to_end(&mut body);
    if read.map_err(|error| unreadable(path, error))? as u64 > MAX_FILE {
        let what = format!("{} is longer than {} MiB", path.display(), MAX_FILE >> 20);
        return Err(Failure::new(Code::Failed, what).remedy(too_long));
    }
    Ok(body)
}
