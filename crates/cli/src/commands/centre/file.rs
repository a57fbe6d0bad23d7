//! A centre file from a disk, and what is wrong with it.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use server::centre::{Action, Document, Flaw, MAX_CENTRE_FILE, Plan};

use super::look::Centre;
use crate::{
    commands::remote::unreadable,
    failure::{Code, Failure},
};

/// Flaws that are shown; a file with more of them is of another kind.
const SHOWN: usize = 100;

/// The text of a file that is no longer than centre files are.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let mut bytes = Vec::new();
    let read = file
        .take(MAX_CENTRE_FILE as u64 + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| unreadable(path, error))?;
    if bytes.len() > MAX_CENTRE_FILE {
        let what = format!(
            "{} is longer than {} MiB",
            path.display(),
            MAX_CENTRE_FILE >> 20
        );
        return Err(Failure::new(Code::Failed, what)
            .remedy("is it a centre file? Split it by sections if it is"));
    }
    String::from_utf8(bytes).map_err(|error| unreadable(path, error))
}

/// What is to be done so that the centre is what the text says; all that is wrong with it, if something is.
pub(super) async fn plan(
    centre: &Centre,
    name: &str,
    text: &str,
    set_secrets: bool,
) -> anyhow::Result<(Document, Plan)> {
    let remedy = "put these right; docs/howto/centre-as-code.md has an example, `cordboard export` what is set up";
    let planned = plan_or_flaws(centre, text, set_secrets).await?;
    Ok(planned.map_err(|flaws| flawed(name, flaws, remedy))?)
}

/// The same of a text that the server kept, of which `remedy` says how it can be put right.
pub(super) async fn plan_kept(
    centre: &Centre,
    name: &str,
    text: &str,
    remedy: &str,
) -> anyhow::Result<(Document, Plan)> {
    let planned = plan_or_flaws(centre, text, false).await?;
    Ok(planned.map_err(|flaws| flawed(name, flaws, remedy))?)
}

async fn plan_or_flaws(
    centre: &Centre,
    text: &str,
    set_secrets: bool,
) -> anyhow::Result<Result<(Document, Plan), Vec<Flaw>>> {
    let (document, mut flaws) = Document::read(text, &centre.schema);
    flaws.extend(document.strangers(&centre.schema, &centre.things));
    let plan = Plan::new(&document, &centre.things, &centre.schema, set_secrets);
    if flaws.is_empty() {
        flaws.extend(refused(centre, &document, &plan).await?);
    }
    if flaws.is_empty() {
        return Ok(Ok((document, plan)));
    }
    Ok(Err(flaws))
}

/// What the server would say, and secrets that are nowhere.
async fn refused(centre: &Centre, document: &Document, plan: &Plan) -> anyhow::Result<Vec<Flaw>> {
    let mut flaws = Vec::new();
    for (at, field, detail) in centre.refused(&plan.changes).await? {
        let change = &plan.changes[at];
        flaws.push(document.flaw_at(
            &change.path,
            &field,
            format!("{}: {detail}", change.title()),
        ));
    }
    let made = plan.changes.iter().filter(|it| it.action != Action::Remove);
    for change in made {
        if let Some(missing) = &change.missing {
            let what = format!("{}: {missing}", change.title());
            flaws.push(document.flaw_at(&change.path, "", what));
        }
    }
    Ok(flaws)
}

fn flawed(name: &str, mut flaws: Vec<Flaw>, remedy: &str) -> Failure {
    flaws.sort();
    flaws.dedup();
    let count = flaws.len();
    let shown = flaws.iter().take(SHOWN).map(ToString::to_string);
    let mut shown: Vec<String> = shown.collect();
    if count > SHOWN {
        shown.push(format!("and {} more", count - SHOWN));
    }
    let problems = if count == 1 { "a mistake" } else { "mistakes" };
    let what = format!("{name} has {problems} in it; nothing was done");
    Failure::new(Code::Failed, what)
        .because(shown.join("\n"))
        .remedy(remedy)
}
