//! All phones as one CSV file, page by page: memory does not grow with them. Secrets are not in it.

use std::io;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use futures_util::{StreamExt as _, stream};
use store::{MAX_PAGE, Store};

use super::Api;
use crate::{
    phone_file::Names,
    problem::{Code, Problem},
};

const FILE_NAME: &str = "attachment; filename=\"phones.csv\"";

/// What is still to be written.
struct Rest {
    store: Store,
    names: Names,
    /// The last number that was written.
    after: Option<String>,
}

/// All phones by number as CSV, without their secrets: `number`, `name`, `server` (its name), `transport`, `codecs` (parted by
/// spaces), `context`, `mailbox`, `nat`, `qualify_seconds`, `active`. What a spreadsheet would take for a formula has a `'` before
/// it. Taken in as it is, it changes nothing.
#[utoipa::path(
    get,
    path = "/v1/extensions.csv",
    operation_id = "extensions_export",
    tag = "extensions",
    responses((status = 200, description = "The phones", body = String, content_type = "text/csv"))
)]
pub(crate) async fn export(State(api): State<Api>) -> Result<Response, Problem> {
    let store = api.app.store.clone();
    let names = Names::read(&store).await?;
    let header = Names::header().map_err(|error| {
        tracing::error!(%error, "the file of phones could not be begun");
        Problem::new(Code::Internal, "The file could not be made.")
    })?;
    let rest = Rest {
        store,
        names,
        after: None,
    };
    let header = stream::once(async { Ok(Bytes::from(header)) });
    let pages = stream::try_unfold(rest, Rest::page);
    let body = Body::from_stream(header.chain(pages));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static(FILE_NAME),
        ),
    ];
    Ok((headers, body).into_response())
}

impl Rest {
    /// The next page. An error breaks the answer off, so that half a file is not taken for a whole one.
    async fn page(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let phones = self.store.extensions();
        let page = phones.list(self.after.as_deref(), MAX_PAGE).await;
        let page = page.map_err(broken_off)?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.after = Some(last.number.clone());
        let rows = self.names.table(&page).map_err(broken_off)?;
        Ok(Some((rows.into(), self)))
    }
}

fn broken_off(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    tracing::warn!(%error, "the file of phones breaks off");
    io::Error::other(error)
}
