//! `/v1/caller-ids/rules`: how each campaign wants its numbers chosen.

use axum::{Json, extract::State, http::StatusCode};
use model::CallerIdRule;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::{Api, JsonBody, Page, PageQuery, Params, Segments};
use crate::problem::Problem;

/// What may be set of a campaign's rule.
#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
pub(crate) struct CallerIdRuleFields {
    /// The pool to use when no number is near the destination; `null`: the default pool only.
    #[schema(max_length = 100)]
    pool: Option<String>,
    /// For so many days a person sees the number that called last, while it may be used.
    #[schema(maximum = 90, default = 0)]
    sticky_days: u16,
}

impl CallerIdRuleFields {
    pub(crate) fn into_rule(self, campaign: String) -> CallerIdRule {
        CallerIdRule {
            campaign,
            pool: self.pool,
            sticky_days: self.sticky_days,
        }
    }
}

/// Rules by campaign. A campaign that is not here has no pool and sticks to nothing beyond the floor of rotation.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/rules",
    operation_id = "caller_id_rules_list",
    tag = "caller ids",
    params(PageQuery),
    responses((status = 200, description = "A page of rules", body = Page<CallerIdRule>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<CallerIdRule>>, Problem> {
    let limit = page.limit()?;
    let rules = api.app.store.caller_id_rules();
    let rules = rules.list(page.after()?, limit + 1).await?;
    Ok(Json(Page::of(rules, limit, |rule| rule.campaign.clone())))
}

/// Set a campaign's rule.
#[utoipa::path(
    put,
    path = "/v1/caller-ids/rules/{campaign}",
    operation_id = "caller_id_rules_set",
    tag = "caller ids",
    params(("campaign" = String, Path)),
    request_body = CallerIdRuleFields,
    responses((status = 200, description = "Set", body = CallerIdRule))
)]
pub(crate) async fn set(
    State(api): State<Api>,
    Segments(campaign): Segments<String>,
    JsonBody(fields): JsonBody<CallerIdRuleFields>,
) -> Result<Json<CallerIdRule>, Problem> {
    let rule = fields.into_rule(campaign);
    rule.check()?;
    let _turn = api.set_up.lock().await;
    api.app.store.caller_id_rules().set(&rule).await?;
    api.app.caller_ids.set_rule(rule.clone()).await;
    Ok(Json(rule))
}

/// Remove a campaign's rule.
#[utoipa::path(
    delete,
    path = "/v1/caller-ids/rules/{campaign}",
    operation_id = "caller_id_rules_remove",
    tag = "caller ids",
    params(("campaign" = String, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Segments(campaign): Segments<String>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    api.app.store.caller_id_rules().delete(&campaign).await?;
    api.app.caller_ids.remove_rule(campaign).await;
    Ok(StatusCode::NO_CONTENT)
}
