//! Whether things of a centre file would be taken, before any of them is made.

use axum::{Json, extract::State};
use model::{
    AgentId, CallerIdKey, CallerIdRule, DialplanContextId, DidId, ExtensionId, QueueId, ServerId,
    TrunkId,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api, JsonBody, agents::AgentFields, caller_ids::CallerIdFields, caller_ids::CallerIdRuleFields,
    dialplan_contexts::ContextFields, dids::DidFields, extensions::ExtensionFields,
    members::MemberFields, queues::QueueFields, servers::ServerFields, trunks::TrunkFields,
};
use crate::{extract::read_value, problem::Problem};

/// The most things that are looked at at a time.
const MAX_ITEMS: usize = 500;

/// A section of centre files.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CentreSection {
    Servers,
    Extensions,
    Agents,
    Queues,
    Members,
    DialplanContexts,
    Trunks,
    Dids,
    CallerIds,
    CallerIdRules,
}

/// Things as they would be sent to their own routes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CentreDraft {
    section: CentreSection,
    /// What each request would have in its body; of `caller_id_rules` the campaign too.
    #[schema(max_items = 500, value_type = Vec<Object>)]
    items: Vec<Map<String, Value>>,
}

/// What would be refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CentreFlaws {
    items: Vec<CentreFlaw>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CentreFlaw {
    /// Which one of those that were sent; the first is 0.
    item: usize,
    field: Option<String>,
    detail: String,
}

/// Say which things would be refused, and why, without making any.
///
/// Each is looked at alone: names that are taken, and what is in use, are found only when it is made.
#[utoipa::path(
    post,
    path = "/v1/centre/check",
    operation_id = "centre_check",
    tag = "centre",
    request_body = CentreDraft,
    responses((status = 200, description = "What would be refused", body = CentreFlaws))
)]
pub(crate) async fn check(
    State(api): State<Api>,
    JsonBody(draft): JsonBody<CentreDraft>,
) -> Result<Json<CentreFlaws>, Problem> {
    let count = draft.items.len();
    if count > MAX_ITEMS {
        let detail = format!("items are {count}, more than {MAX_ITEMS}.");
        return Err(Problem::field("items", detail));
    }
    let mut items = Vec::new();
    for (item, fields) in draft.items.into_iter().enumerate() {
        if let Err(problem) = look(&api, draft.section, fields).await {
            items.push(CentreFlaw {
                item,
                field: problem.field_name().map(str::to_owned),
                detail: problem.detail().to_owned(),
            });
        }
    }
    Ok(Json(CentreFlaws { items }))
}

async fn look(
    api: &Api,
    section: CentreSection,
    mut fields: Map<String, Value>,
) -> Result<(), Problem> {
    let nil = Uuid::nil();
    let campaign = match section {
        CentreSection::CallerIdRules => fields.remove("campaign"),
        _ => None,
    };
    let fields = Value::Object(fields);
    match section {
        CentreSection::Servers => read_value::<ServerFields>(fields)?
            .into_server(ServerId(nil))
            .map(drop),
        CentreSection::Extensions => read_value::<ExtensionFields>(fields)?
            .into_extension(ExtensionId(nil))
            .map(drop),
        CentreSection::Agents => read_value::<AgentFields>(fields)?
            .into_agent(AgentId(nil))
            .map(drop),
        CentreSection::Queues => read_value::<QueueFields>(fields)?
            .into_queue(QueueId(nil))
            .map(drop),
        CentreSection::Members => read_value::<MemberFields>(fields)?
            .into_member(QueueId(nil), AgentId(nil))
            .map(drop),
        CentreSection::DialplanContexts => {
            read_value::<ContextFields>(fields)?.checked(DialplanContextId(nil))
        }
        CentreSection::Trunks => read_value::<TrunkFields>(fields)?
            .into_trunk(TrunkId(nil), None)
            .map(drop),
        CentreSection::Dids => read_value::<DidFields>(fields)?
            .into_did(DidId(nil))
            .map(drop),
        CentreSection::CallerIds => {
            let fields = read_value::<CallerIdFields>(fields)?;
            let now = api.app.clock.now().utc;
            let made = fields.into_caller_id(api, CallerIdKey(nil), now);
            made.await.map(drop)
        }
        CentreSection::CallerIdRules => {
            let campaign = read_value(campaign.unwrap_or_default())?;
            let rule: CallerIdRule = read_value::<CallerIdRuleFields>(fields)?.into_rule(campaign);
            Ok(rule.check()?)
        }
    }
}
