//! `/v1/extensions/import` and `/v1/extensions/imports`: phones from a file, what each file did, and how to take it back.

use std::time::Duration;

use axum::{Json, extract::State};
use model::{ExtensionImport, ExtensionImportId, MAX_FILE_NAME, visible};
use serde::{Deserialize, Serialize};
use store::{ConflictKind, ExtensionChange, ExtensionsUndone, StoreError};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::{Api, Page, PageQuery, Params, Segments};
use crate::{
    auth::Principal,
    extract::{CsvBody, MAX_FILE},
    phone_file::{FileError, Known, PhoneFile, PhoneImportReport, Plan, Read},
    problem::{Code, Problem, ProblemBody},
    provision::Change,
};

/// The longest that a file may take to arrive.
const TIMEOUT: Duration = Duration::from_mins(2);
/// When to try again while another import runs.
const BUSY_SECONDS: u64 = 5;
/// The most refused rows, and numbers in the way, that a refusal names.
const MAX_NAMED: usize = 1_000;

/// Of which file, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PhoneImportQuery {
    /// The file's name, for the list of imports.
    #[serde(default)]
    #[param(max_length = 300)]
    file: String,
    /// Only say what would become of each row.
    #[serde(default)]
    dry_run: bool,
}

/// An import that was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PhoneImportUndone {
    #[serde(flatten)]
    import: ExtensionImport,
    /// Phones that are what they were before it.
    restored: u64,
    /// Phones that it had made and are gone.
    removed: u64,
}

/// Take in phones from CSV, at most 20,000 rows: all of them, or none. The first row names the columns, in any order: `number`,
/// and any other of the export, and `secret`. A phone that is known keeps what the file has no column for, a new one is as usual; an
/// empty cell says as little, but for `server` and `mailbox`, which a phone may be without. A new phone without a `secret` gets one,
/// which the answer shows this once. A dry run says the same of every row, and writes nothing. One import at a time.
#[utoipa::path(
    post,
    path = "/v1/extensions/import",
    operation_id = "extensions_import",
    tag = "extensions",
    params(PhoneImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What became of the rows", body = PhoneImportReport),
        (status = 422, description = "Some of the rows are refused, and nothing was written", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn import(
    State(api): State<Api>,
    by: Principal,
    Params(query): Params<PhoneImportQuery>,
    body: CsvBody,
) -> Result<Json<PhoneImportReport>, Problem> {
    let Ok(alone) = api.importing.clone().try_lock_owned() else {
        let busy = Problem::new(Code::TooManyRequests, "Another import is under way.");
        return Err(busy.retry_after(BUSY_SECONDS));
    };
    // By itself: a client that goes away must not come between the store and what Asterisk is told.
    let taking = tokio::spawn(async move {
        let _alone = alone;
        let rows = read(body).await?;
        carry_out(&api, rows, &query, by.name).await
    });
    done(taking).await.map(Json)
}

async fn read(mut body: CsvBody) -> Result<Vec<Read>, Problem> {
    let until = Instant::now() + TIMEOUT;
    let mut file = PhoneFile::new();
    let mut taken = Ok(());
    let mut bytes = 0;
    while let Some(piece) = body.next(until).await? {
        bytes += piece.len();
        if bytes > MAX_FILE {
            return Err(CsvBody::too_large());
        }
        // The rest is let go by all the same, so that the client gets to hear of it.
        if taken.is_ok() {
            taken = file.take(&piece);
        }
    }
    taken?;
    Ok(file.finish()?)
}

async fn carry_out(
    api: &Api,
    rows: Vec<Read>,
    query: &PhoneImportQuery,
    made_by: String,
) -> Result<PhoneImportReport, Problem> {
    let file = visible(&query.file, MAX_FILE_NAME);
    let turn = api.set_up.lock().await;
    let known = Known::read(&api.app.store, &rows).await?;
    let (numbers, clock) = (api.app.numbers, api.app.clock.clone());
    let plan = tokio::task::spawn_blocking(move || known.plan(rows, numbers, &clock));
    let mut plan = plan.await.map_err(|_| broken())?;
    if query.dry_run {
        return Ok(plan.report(None, file, true));
    }
    refuse_bad_rows(&plan)?;
    let changes = std::mem::take(&mut plan.changes);
    if changes.is_empty() {
        return Ok(plan.report(None, file, false));
    }
    let (made_at, random) = api.app.clock.id();
    let id = ExtensionImportId::new(made_at, random);
    let report = plan.report(Some(id), file.clone(), false);
    let import = ExtensionImport {
        id,
        file,
        made_at,
        made_by,
        created: report.created,
        changed: report.changed,
        unchanged: report.unchanged,
        undone_at: None,
    };
    let imports = api.app.store.extension_imports();
    Box::pin(imports.create(&import, &changes)).await?;
    api.app.realtime.apply(&changes);
    drop(turn);
    tell(api, &changes).await;
    Ok(report)
}

async fn tell(api: &Api, changes: &[ExtensionChange]) {
    let context = |context: &str| api.app.realtime.asterisk_context(context);
    let changes = changes.iter().map(|change| Change::phone(change, context));
    api.app.provisioner.apply_all(changes.collect()).await;
}

fn refuse_bad_rows(plan: &Plan) -> Result<(), Problem> {
    let named: Vec<_> = plan.refused().take(MAX_NAMED).collect();
    let Some(first) = named.first() else {
        return Ok(());
    };
    let refused = plan.refused().count();
    let (field, why) = (first.field.as_deref(), first.why.as_deref());
    let detail = format!(
        "Nothing was written: {refused} of {} rows are refused, the first in line {}: {} {}.",
        plan.rows.len(),
        first.line,
        field.unwrap_or_default(),
        why.unwrap_or_default()
    );
    Err(Problem::new(Code::RowsRefused, detail)
        .with("refused", refused)
        .with("rows", named))
}

/// The files that were taken in, the newest first; the last 20 are kept.
#[utoipa::path(
    get,
    path = "/v1/extensions/imports",
    operation_id = "extensions_imports_list",
    tag = "extensions",
    params(PageQuery),
    responses((status = 200, description = "A page of imports", body = Page<ExtensionImport>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<ExtensionImport>>, Problem> {
    let limit = query.limit()?;
    let imports = api.app.store.extension_imports();
    let found = imports.list(query.after_id()?, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |one| one.id.to_string())))
}

/// One import.
#[utoipa::path(
    get,
    path = "/v1/extensions/imports/{id}",
    operation_id = "extensions_imports_show",
    tag = "extensions",
    params(("id" = ExtensionImportId, Path)),
    responses((status = 200, description = "The import", body = ExtensionImport))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<ExtensionImportId>,
) -> Result<Json<ExtensionImport>, Problem> {
    one(&api, id).await.map(Json)
}

/// Take back all that an import did, once: its new phones are removed, its changed ones are what they were, with their secrets.
#[utoipa::path(
    post,
    path = "/v1/extensions/imports/{id}/undo",
    operation_id = "extensions_imports_undo",
    tag = "extensions",
    params(("id" = ExtensionImportId, Path)),
    responses(
        (status = 200, description = "Undone", body = PhoneImportUndone),
        (status = 409, description = "Some of its phones were changed since, or it was undone before", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn undo(
    State(api): State<Api>,
    Segments(id): Segments<ExtensionImportId>,
) -> Result<Json<PhoneImportUndone>, Problem> {
    done(tokio::spawn(take_back(api, id))).await.map(Json)
}

async fn take_back(api: Api, id: ExtensionImportId) -> Result<PhoneImportUndone, Problem> {
    one(&api, id).await?;
    let at = api.app.clock.now().utc;
    let turn = api.set_up.lock().await;
    let closed = api.app.store.trunks().contexts().await?;
    let imports = api.app.store.extension_imports();
    let undone = Box::pin(imports.undo(id, at, &closed)).await;
    let changes = match undone.map_err(server_is_gone)? {
        ExtensionsUndone::Done(changes) => changes,
        ExtensionsUndone::Already(at) => {
            let detail = format!("It was undone at {at}.");
            return Err(Problem::new(Code::UndoRefused, detail));
        }
        ExtensionsUndone::InTheWay(mut numbers) => {
            let detail = format!(
                "{} of its phones were changed or removed since, or would be in the context of a trunk now.",
                numbers.len()
            );
            numbers.truncate(MAX_NAMED);
            return Err(Problem::new(Code::UndoRefused, detail).with("phones", numbers));
        }
    };
    api.app.realtime.apply(&changes);
    drop(turn);
    let removed = changes.iter().filter(|change| change.after.is_none());
    let removed = removed.count() as u64;
    let restored = changes.len() as u64 - removed;
    tell(&api, &changes).await;
    Ok(PhoneImportUndone {
        import: one(&api, id).await?,
        restored,
        removed,
    })
}

/// A phone cannot be put back onto a server that was removed.
fn server_is_gone(error: StoreError) -> Problem {
    match &error {
        StoreError::Conflict {
            kind: ConflictKind::Missing,
            ..
        } => {
            let detail = "A server that one of its phones was set up for is gone.";
            Problem::new(Code::UndoRefused, detail)
        }
        _ => error.into(),
    }
}

async fn one(api: &Api, id: ExtensionImportId) -> Result<ExtensionImport, Problem> {
    let found = api.app.store.extension_imports().get(id).await?;
    found.ok_or_else(|| Problem::not_found("import"))
}

async fn done<T>(task: tokio::task::JoinHandle<Result<T, Problem>>) -> Result<T, Problem> {
    task.await.map_err(|_| broken())?
}

fn broken() -> Problem {
    Problem::new(Code::Internal, "It is in the log.")
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Unreadable(said) => Self::field("body", format!("In the file, {said}.")),
            FileError::TooManyRows => Self::new(Code::BodyTooLarge, format!("The file: {error}.")),
        }
    }
}
