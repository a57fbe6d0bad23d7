//! `GET /dashboard`: the pool on one page, as supervisors have watched it before.
//!
//! Made here, with no script and nothing loaded. Names of carriers, campaigns and agents come from outside: everything
//! goes through [`page`], which escapes it.

mod page;

use std::collections::HashSet;

use axum::{extract::State, response::Html};
use engine::callerid::Restored;
use model::{CallerId, CallerIdKey, CallerIdUse, CampaignUse, Timestamp};
use store::{MAX_PAGE, UseFilter};

use super::super::{
    Api,
    health::{Health, health},
};
use super::next::refused;
use super::stats::{RotationStats, figures};
use crate::{callerid::Shown, problem::Problem};

/// How much of each the page shows.
const RESERVATIONS: usize = 50;
const NUMBERS: usize = 20;
const USES: usize = 100;
const CAMPAIGNS: u32 = 10;
const DAY_MICROS: i64 = 86_400_000_000;

/// What the page shows.
struct Dashboard {
    figures: RotationStats,
    reservations: Vec<Restored>,
    numbers: Vec<RecentNumber>,
    uses: Vec<CallerIdUse>,
    /// Of the last 24 hours, the busiest first.
    campaigns: Vec<CampaignUse>,
    health: Health,
    at: Timestamp,
}

/// A number that was presented lately.
struct RecentNumber {
    own: CallerId,
    doing: Option<Shown>,
    last_used_at: Timestamp,
}

/// The pool on one page, made anew every 30 s. A browser without a session is sent to the log-in page.
#[utoipa::path(
    get,
    path = "/dashboard",
    operation_id = "rotation_dashboard",
    tag = "caller-id rotation",
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        (status = 303, description = "Nobody is logged in; the log-in page comes back here"),
    )
)]
pub(crate) async fn dashboard(State(api): State<Api>) -> Result<Html<String>, Problem> {
    let at = api.app.clock.now().utc;
    let log = api.app.store.caller_id_uses();
    let mut uses = log.page(&UseFilter::default(), None, MAX_PAGE).await?;
    let since = Timestamp::from_micros(at.as_micros() - DAY_MICROS);
    let campaigns = log.busiest_campaigns(since, CAMPAIGNS).await?;
    let numbers = recent_numbers(&api, &uses).await?;
    uses.truncate(USES);
    let reservations = api.app.caller_ids.reservations(RESERVATIONS).await;
    let dashboard = Dashboard {
        figures: figures(&api).await?,
        reservations: reservations.map_err(|why| refused(&api, why))?,
        numbers,
        uses,
        campaigns,
        health: health(&api).await,
        at,
    };
    Ok(Html(page::render(&dashboard)))
}

/// The numbers of the newest uses, each once.
async fn recent_numbers(api: &Api, uses: &[CallerIdUse]) -> Result<Vec<RecentNumber>, Problem> {
    let mut seen = HashSet::new();
    let first_of = |one: &&CallerIdUse| seen.insert(one.caller_id);
    let recent: Vec<_> = uses.iter().filter(first_of).take(NUMBERS).collect();
    let keys: Vec<CallerIdKey> = recent.iter().map(|one| one.caller_id).collect();
    let doing = api.app.caller_ids.show(keys).await;
    let doing = doing.map_err(|why| refused(api, why))?;
    let numbers: Vec<_> = recent.iter().map(|one| one.number).collect();
    let own = api.app.store.caller_ids().by_numbers(&numbers).await?;
    let with_own = |(used, doing): (&&CallerIdUse, Option<Shown>)| {
        let own = own.iter().find(|own| own.id == used.caller_id)?;
        Some(RecentNumber {
            own: own.clone(),
            doing,
            last_used_at: used.made_at,
        })
    };
    Ok(recent.iter().zip(doing).filter_map(with_own).collect())
}
