//! `GET /v1/caller-ids/explain`: which number would be presented, and why not the others.

use axum::{Json, extract::State};
use engine::callerid::{Counts, Explanation, Status};
use model::{CallerIdKey, E164, Tier, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::{Api, Params};
use crate::{
    api::rotation::{destination, name, refused},
    callerid::Question,
    numbers::Numbers,
    problem::Problem,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplainQuery {
    /// The number to be called.
    to: String,
    #[serde(default)]
    campaign: String,
    #[serde(default)]
    agent: String,
}

/// What `/next-cid` would answer at this moment. Nothing is reserved or counted. Where nodes share their caller IDs: what it
/// would answer if there were this node alone, whose calls are all that it knows of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExplanationView {
    to: E164,
    /// Where the destination belongs.
    country: Option<String>,
    area_code: Option<String>,
    region: Option<String>,
    /// Nothing: there is no number now.
    choice: Option<ChoiceView>,
    /// In the order in which they are asked. The first one with an available number is used.
    tiers: Vec<TierView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChoiceView {
    id: CallerIdKey,
    tier: Tier,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TierView {
    tier: Tier,
    /// What the tier looked for: an area code, a prefix, a region, a country, a pool.
    sought: String,
    available: u32,
    reserved: u32,
    capped: u32,
    resting: u32,
    inactive: u32,
    unverified: u32,
    /// Some of them: first those that can be presented, in their order in line; then some of those that cannot.
    numbers: Vec<ConsideredView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsideredView {
    id: CallerIdKey,
    number: E164,
    /// Anything but `available` is why it was passed over.
    status: &'static str,
    last_used_at: Option<Timestamp>,
    capped_until: Option<Timestamp>,
    /// Its share of turns in line, in percent.
    weight: u8,
}

/// Which number would be presented, and why not the others.
#[utoipa::path(
    get,
    path = "/v1/caller-ids/explain",
    operation_id = "caller_ids_explain",
    tag = "caller ids",
    params(ExplainQuery),
    responses((status = 200, description = "Tier by tier", body = ExplanationView))
)]
pub(crate) async fn explain(
    State(api): State<Api>,
    Params(query): Params<ExplainQuery>,
) -> Result<Json<ExplanationView>, Problem> {
    let to = destination(api.app.numbers, &query.to)?;
    let place = Numbers::place(to);
    let question = Question {
        to,
        place: place.clone(),
        campaign: name("campaign", &query.campaign)?,
        agent: name("agent", &query.agent)?,
    };
    let Explanation { choice, tiers } = api
        .app
        .caller_ids
        .explain(question)
        .await
        .map_err(|why| refused(&api, why))?;
    Ok(Json(ExplanationView {
        to,
        country: place.country.map(|country| country.to_string()),
        area_code: place.area_code.map(|code| code.to_string()),
        region: place.region.map(|region| region.to_string()),
        choice: choice.map(|(tier, id)| ChoiceView { id, tier }),
        tiers: tiers.into_iter().map(TierView::from).collect(),
    }))
}

impl From<engine::callerid::TierExplained> for TierView {
    fn from(tier: engine::callerid::TierExplained) -> Self {
        let Counts {
            available,
            reserved,
            capped,
            resting,
            inactive,
            unverified,
        } = tier.counts;
        let numbers = tier.numbers.into_iter().map(|one| ConsideredView {
            id: one.key,
            number: one.number,
            status: Status::name(one.status),
            last_used_at: one.last_used_at,
            capped_until: one.capped_until,
            weight: one.weight,
        });
        Self {
            tier: tier.tier,
            sought: tier.sought,
            available,
            reserved,
            capped,
            resting,
            inactive,
            unverified,
            numbers: numbers.collect(),
        }
    }
}
