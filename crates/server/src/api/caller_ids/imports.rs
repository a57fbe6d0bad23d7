//! `/v1/caller-ids/import` and `/v1/caller-ids/imports`: numbers from a file, what each file did, and how to take it back.

use std::time::Duration;

use axum::{Json, extract::State};
use model::{CallerIdImport, CallerIdImportId};
use serde::{Deserialize, Serialize};
use store::Undone;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::super::{Api, Page, PageQuery, Params, Segments};
use crate::{
    auth::Principal,
    callerid::import::{Import, ImportError, ImportReport, Live, Source, Target},
    extract::{CsvBody, MAX_FILE},
    problem::{Code, Problem, ProblemBody},
};

/// The longest that a file may take in all.
const TIMEOUT: Duration = Duration::from_mins(15);
/// When to try again while another import runs.
const BUSY_SECONDS: u64 = 5;

/// Of which file, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
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
pub(crate) struct ImportUndone {
    #[serde(flatten)]
    import: CallerIdImport,
    /// Numbers that are what they were before it, by this request.
    restored: u64,
    /// Numbers that it had added and are gone, by this request.
    removed: u64,
}

/// Take in numbers from CSV, at most 64 MiB of it. The first row names the columns: `caller_id`, and any other field of a caller
/// ID. A number that is known keeps what the file does not say; an empty cell says nothing. A row that is refused does not stop
/// the others. One import at a time.
#[utoipa::path(
    post,
    path = "/v1/caller-ids/import",
    operation_id = "caller_ids_import",
    tag = "caller ids",
    params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "What became of the rows", body = ImportReport))
)]
pub(crate) async fn import(
    State(api): State<Api>,
    by: Principal,
    Params(query): Params<ImportQuery>,
    body: CsvBody,
) -> Result<Json<ImportReport>, Problem> {
    let Ok(alone) = api.importing.clone().try_lock_owned() else {
        let busy = Problem::new(Code::TooManyRequests, "Another import is under way.");
        return Err(busy.retry_after(BUSY_SECONDS));
    };
    let source = Source {
        file: query.file,
        made_by: by.name,
        dry_run: query.dry_run,
    };
    let import = Import::new(target(&api), &source);
    // By itself: a client that goes away must not come between the store and the engine.
    let taking = tokio::spawn(async move {
        let _alone = alone;
        take(import, body).await
    });
    done(taking).await.map(Json)
}

async fn take(mut import: Import, mut body: CsvBody) -> Result<ImportReport, Problem> {
    let id = import.id();
    let until = Instant::now() + TIMEOUT;
    let told = &mut |_: &_| ();
    let taken = async {
        let mut wanted = true;
        let mut bytes = 0;
        while let Some(piece) = body.next(until).await? {
            bytes += piece.len();
            if bytes > MAX_FILE {
                return Err(CsvBody::too_large());
            }
            // The rest is read all the same, so that the client gets to hear of it.
            wanted = wanted && import.take(&piece, told).await?;
        }
        Ok(import)
    };
    let taken = Box::pin(taken).await.map_err(|problem| match id {
        Some(id) => problem.with("import", id),
        None => problem,
    })?;
    Ok(Box::pin(taken.finish(told)).await?)
}

/// The files that were taken in, and bulk changes, the newest first.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/imports",
    operation_id = "caller_ids_imports_list",
    tag = "caller ids",
    params(PageQuery),
    responses((status = 200, description = "A page of imports", body = Page<CallerIdImport>))
)]
pub(crate) async fn imports_list(
    State(api): State<Api>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<CallerIdImport>>, Problem> {
    let limit = query.limit()?;
    let imports = api.app.store.caller_id_imports();
    let found = imports.list(query.after_id()?, limit + 1).await?;
    Ok(Json(Page::of(found, limit, |one| one.id.to_string())))
}

/// One import.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/imports/{id}",
    operation_id = "caller_ids_imports_show",
    tag = "caller ids",
    params(("id" = CallerIdImportId, Path)),
    responses((status = 200, description = "The import", body = CallerIdImport))
)]
pub(crate) async fn imports_show(
    State(api): State<Api>,
    Segments(id): Segments<CallerIdImportId>,
) -> Result<Json<CallerIdImport>, Problem> {
    one(&api, id).await.map(Json)
}

/// Take back all that an import or a bulk change did. Once more does nothing.
#[utoipa::path(
    post,
    path = "/v1/caller-ids/imports/{id}/undo",
    operation_id = "caller_ids_imports_undo",
    tag = "caller ids",
    params(("id" = CallerIdImportId, Path)),
    responses(
        (status = 200, description = "Undone", body = ImportUndone),
        (status = 409, description = "Some of its numbers were changed or removed since", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn imports_undo(
    State(api): State<Api>,
    Segments(id): Segments<CallerIdImportId>,
) -> Result<Json<ImportUndone>, Problem> {
    done(tokio::spawn(undo(api, id))).await.map(Json)
}

async fn undo(api: Api, id: CallerIdImportId) -> Result<ImportUndone, Problem> {
    one(&api, id).await?;
    let at = api.app.clock.now().utc;
    let turn = api.set_up.lock().await;
    let undone = Box::pin(api.app.store.caller_id_imports().undo(id, at)).await?;
    let (restored, removed) = match undone {
        Undone::Done { restored, removed } => {
            let told = live(&api).undone(&api.app.store, id).await;
            told.inspect_err(|error| {
                tracing::error!(%id, %error, "an undone import is still presented until the next start");
            })?;
            (restored, removed)
        }
        Undone::Already(_) => (0, 0),
        Undone::ChangedSince(rows) => {
            let detail = format!("{rows} of its numbers were changed or removed since.");
            return Err(Problem::new(Code::InUse, detail));
        }
    };
    drop(turn);
    Ok(ImportUndone {
        import: one(&api, id).await?,
        restored,
        removed,
    })
}

async fn one(api: &Api, id: CallerIdImportId) -> Result<CallerIdImport, Problem> {
    let found = api.app.store.caller_id_imports().get(id).await?;
    found.ok_or_else(|| Problem::not_found("import"))
}

async fn done<T>(task: tokio::task::JoinHandle<Result<T, Problem>>) -> Result<T, Problem> {
    let broken = |_| Problem::new(Code::Internal, "It is in the log.");
    task.await.map_err(broken)?
}

fn live(api: &Api) -> Live {
    Live {
        caller_ids: api.app.caller_ids.clone(),
        turn: api.set_up.clone(),
    }
}

fn target(api: &Api) -> Target {
    Target {
        store: api.app.store.clone(),
        numbers: api.app.numbers,
        clock: api.app.clock.clone(),
        live: Some(live(api)),
    }
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Header(said) => Self::field("body", format!("In the file, {said}.")),
            ImportError::Store(error) => error.into(),
        }
    }
}
