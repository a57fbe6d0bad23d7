//! `POST /v1/caller-ids/bulk`: one change to many numbers. It is kept like an import, so it can be undone like one.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use model::{Attestation, CallerId, CallerIdImport, CallerIdImportId, CallerIdKey};
use serde::{Deserialize, Serialize};
use store::{CallerIdFilter, MAX_PAGE, Upserted};
use utoipa::ToSchema;

use super::{
    super::{Api, JsonBody},
    noun::checked_filter,
};
use crate::{auth::Principal, problem::Problem};

/// The most numbers that may be named one by one.
const MAX_IDS: usize = 10_000;

/// Which numbers, and what is to be so from now on. What is left out of `set` stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkChange {
    /// These; at most 10,000. Either this or `filter`.
    #[serde(default)]
    #[schema(max_items = 10_000)]
    ids: Option<Vec<CallerIdKey>>,
    /// All that match; `{}` is every number.
    #[serde(default)]
    filter: Option<BulkFilter>,
    set: BulkSet,
}

/// All that is given must hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub(crate) struct BulkFilter {
    /// How the number begins, as E.164: `+1202`.
    number: Option<String>,
    country: Option<String>,
    area_code: Option<String>,
    /// How the carrier's name begins.
    carrier: Option<String>,
    label: Option<String>,
    active: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub(crate) struct BulkSet {
    carrier: Option<String>,
    add_labels: BTreeSet<String>,
    remove_labels: BTreeSet<String>,
    campaigns: Option<BTreeSet<String>>,
    per_minute_limit: Option<u32>,
    hourly_limit: Option<u32>,
    daily_limit: Option<u32>,
    max_concurrent: Option<u16>,
    time_zone: Option<String>,
    active: Option<bool>,
    attestation: Option<Attestation>,
    note: Option<String>,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkChanged {
    changed: u64,
    unchanged: u64,
    /// The import that the change is kept as.
    import: CallerIdImportId,
}

/// Change many numbers at once, a page at a time. A change that does not suit one of a page leaves that page as it was.
#[utoipa::path(
    post,
    path = "/v1/caller-ids/bulk",
    operation_id = "caller_ids_bulk",
    tag = "caller ids",
    request_body = BulkChange,
    responses((status = 200, description = "Changed", body = BulkChanged))
)]
pub(crate) async fn bulk(
    State(api): State<Api>,
    by: Principal,
    JsonBody(change): JsonBody<BulkChange>,
) -> Result<Json<BulkChanged>, Problem> {
    let select = Select::read(change.ids, change.filter)?;
    let _turn = api.set_up.lock().await;
    let (at, random) = api.app.clock.id();
    let import = CallerIdImport::new(
        CallerIdImportId::new(at, random),
        "bulk change",
        &by.name,
        at,
    );
    let imports = api.app.store.caller_id_imports();
    imports.create(&import).await?;
    let done = change_all(&api, import.id, select, &change.set).await;
    imports
        .finish(import.id, 0, api.app.clock.now().utc)
        .await?;
    done.map(Json)
}

async fn change_all(
    api: &Api,
    import: CallerIdImportId,
    select: Select,
    set: &BulkSet,
) -> Result<BulkChanged, Problem> {
    let mut done = BulkChanged {
        changed: 0,
        unchanged: 0,
        import,
    };
    let mut pages = Pages {
        select,
        after: None,
    };
    while let Some(mut page) = pages.next(api).await? {
        for one in &mut page {
            set.apply(one);
            one.check()?;
        }
        let mut live = Vec::new();
        let imports = api.app.store.caller_id_imports();
        for row in imports.upsert_many(import, &page).await? {
            match row {
                Upserted::Added(one) | Upserted::Changed(one) => live.push(*one),
                Upserted::Unchanged(_) => done.unchanged += 1,
            }
        }
        done.changed += live.len() as u64;
        api.app.caller_ids.set_numbers(live).await;
    }
    Ok(done)
}

enum Select {
    /// The rest of those that were named.
    Ids(std::vec::IntoIter<CallerIdKey>),
    Filter(CallerIdFilter),
}

impl Select {
    fn read(ids: Option<Vec<CallerIdKey>>, filter: Option<BulkFilter>) -> Result<Self, Problem> {
        match (ids, filter) {
            (Some(ids), None) if ids.len() > MAX_IDS => {
                let detail = format!("ids are {}, more than {MAX_IDS}; use filter.", ids.len());
                Err(Problem::field("ids", detail))
            }
            (Some(ids), None) => Ok(Self::Ids(ids.into_iter())),
            (None, Some(filter)) => checked_filter(CallerIdFilter {
                number: filter.number,
                country: filter.country,
                area_code: filter.area_code,
                carrier: filter.carrier,
                label: filter.label,
                active: filter.active,
            })
            .map(Self::Filter),
            _ => Err(Problem::field("filter", "Give either ids or filter.")),
        }
    }
}

/// The numbers that were selected, page by page.
struct Pages {
    select: Select,
    after: Option<model::E164>,
}

impl Pages {
    async fn next(&mut self, api: &Api) -> Result<Option<Vec<CallerId>>, Problem> {
        let caller_ids = api.app.store.caller_ids();
        let page = match &mut self.select {
            Select::Ids(ids) => {
                let mut page = Vec::new();
                for id in ids.take(MAX_PAGE as usize) {
                    let one = caller_ids.get(id).await?;
                    page.push(one.ok_or_else(|| {
                        Problem::field("ids", format!("ids has {id}, which is no caller ID."))
                    })?);
                }
                page
            }
            // A change may take a number out of the filter, never put one in behind the page.
            Select::Filter(filter) => caller_ids.list(filter, self.after, MAX_PAGE).await?,
        };
        self.after = page.last().map(|one| one.e164);
        Ok((!page.is_empty()).then_some(page))
    }
}

impl BulkSet {
    fn apply(&self, one: &mut CallerId) {
        fn set<T: Clone>(field: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                field.clone_from(value);
            }
        }
        set(&mut one.carrier, self.carrier.as_ref());
        set(&mut one.campaigns, self.campaigns.as_ref());
        set(&mut one.hourly_limit, self.hourly_limit.as_ref());
        set(&mut one.daily_limit, self.daily_limit.as_ref());
        set(&mut one.max_concurrent, self.max_concurrent.as_ref());
        set(&mut one.time_zone, self.time_zone.as_ref());
        set(&mut one.active, self.active.as_ref());
        set(&mut one.note, self.note.as_ref());
        one.per_minute_limit = self.per_minute_limit.or(one.per_minute_limit);
        one.attestation = self.attestation.or(one.attestation);
        one.labels.extend(self.add_labels.iter().cloned());
        one.labels
            .retain(|label| !self.remove_labels.contains(label));
    }
}
