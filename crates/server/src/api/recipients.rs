//! Who is told of reports and alarms. Only administrators say where figures may go; a webhook's secret is shown once.

use axum::{Json, extract::State, http::StatusCode};
use model::{Delivery, Recipient, RecipientId, Role, Target};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::{
    auth::{Principal, random_text},
    deliveries::{Content, Telling},
    problem::{Code, Problem, ProblemBody},
};

/// Begins every secret of a webhook, so that a leaked one is recognised.
const SECRET_SCHEME: &str = "cbwh_";

/// What may be set of a recipient.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipientFields {
    /// For people.
    #[schema(max_length = 100)]
    name: String,
    /// Of another kind than before: make another recipient.
    target: Target,
    /// Whether alarms are told, too.
    #[serde(default)]
    alarms: bool,
}

/// A recipient that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeRecipient {
    #[serde(flatten)]
    recipient: Recipient,
    /// What a webhook's `Cordboard-Signature` is made with; `null` for mail. It is not shown again.
    secret: Option<String>,
}

/// A new secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookSecret {
    /// It is not shown again.
    secret: String,
}

impl RecipientFields {
    fn into_recipient(self, id: RecipientId) -> Result<Recipient, Problem> {
        let recipient = Recipient {
            id,
            name: self.name,
            target: self.target,
            alarms: self.alarms,
        };
        recipient.check()?;
        Ok(recipient)
    }
}

/// Recipients by name. Only administrators see a webhook's whole address.
#[utoipa::path(
    get,
    path = "/v1/recipients",
    operation_id = "recipients_list",
    tag = "recipients",
    params(PageQuery),
    responses((status = 200, description = "A page of recipients", body = Page<Recipient>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    principal: Principal,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Recipient>>, Problem> {
    let limit = page.limit()?;
    let recipients = api.app.store.recipients();
    let recipients = recipients.list(page.after()?, limit + 1).await?;
    let shown = recipients.into_iter().map(|one| shown(one, &principal));
    Ok(Json(Page::of(shown.collect(), limit, |one| {
        one.name.clone()
    })))
}

/// Add a recipient: a mail address, or a webhook with a new secret. There may be 200.
#[utoipa::path(
    post,
    path = "/v1/recipients",
    operation_id = "recipients_create",
    tag = "recipients",
    request_body = RecipientFields,
    responses(
        (status = 201, description = "Added; the secret is shown this once", body = MadeRecipient, headers(("Location" = String))),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<RecipientFields>,
) -> Result<Created<MadeRecipient>, Problem> {
    let (at, random) = api.app.clock.id();
    let recipient = fields.into_recipient(RecipientId::new(at, random))?;
    api.app.deliveries.check(&recipient.target)?;
    let is_webhook = matches!(recipient.target, Target::Webhook { .. });
    let secret = is_webhook.then(new_secret);
    let sealed = secret.as_deref().map(|secret| seal(&api, secret));
    let sealed = sealed.transpose()?.unwrap_or_default();
    let recipients = api.app.store.recipients();
    recipients.create(&recipient, &sealed).await?;
    let location = format!("/v1/recipients/{}", recipient.id);
    Ok(created(location, MadeRecipient { recipient, secret }))
}

/// One recipient, without its secret. Only administrators see a webhook's whole address.
#[utoipa::path(
    get,
    path = "/v1/recipients/{id}",
    operation_id = "recipients_show",
    tag = "recipients",
    params(("id" = RecipientId, Path)),
    responses((status = 200, description = "The recipient", body = Recipient))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    principal: Principal,
    Segments(id): Segments<RecipientId>,
) -> Result<Json<Recipient>, Problem> {
    let recipient = found(&api, id).await?;
    Ok(Json(shown(recipient, &principal)))
}

/// Replace a recipient. What waits goes to the new target; a webhook keeps its secret.
#[utoipa::path(
    put,
    path = "/v1/recipients/{id}",
    operation_id = "recipients_replace",
    tag = "recipients",
    params(("id" = RecipientId, Path)),
    request_body = RecipientFields,
    responses((status = 200, description = "Replaced", body = Recipient))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<RecipientId>,
    JsonBody(fields): JsonBody<RecipientFields>,
) -> Result<Json<Recipient>, Problem> {
    let recipient = fields.into_recipient(id)?;
    let before = found(&api, id).await?;
    if std::mem::discriminant(&before.target) != std::mem::discriminant(&recipient.target) {
        let detail = "target.kind cannot be changed: make another recipient.";
        return Err(Problem::field("target.kind", detail));
    }
    // One that the configuration no longer reaches can still be renamed.
    if before.target != recipient.target {
        api.app.deliveries.check(&recipient.target)?;
    }
    api.app.store.recipients().update(&recipient).await?;
    Ok(Json(recipient))
}

/// Remove a recipient. What waits for it is given up. Refused while a schedule tells it.
#[utoipa::path(
    delete,
    path = "/v1/recipients/{id}",
    operation_id = "recipients_delete",
    tag = "recipients",
    params(("id" = RecipientId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, description = "A schedule tells it", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<RecipientId>,
) -> Result<StatusCode, Problem> {
    let now = api.app.clock.now().utc;
    api.app.store.recipients().delete(id, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret; the one before is worth nothing from now on.
#[utoipa::path(
    post,
    path = "/v1/recipients/{id}/secret",
    operation_id = "recipients_renew_secret",
    tag = "recipients",
    params(("id" = RecipientId, Path)),
    responses((status = 200, description = "The new secret, shown this once", body = WebhookSecret))
)]
pub(crate) async fn renew_secret(
    State(api): State<Api>,
    Segments(id): Segments<RecipientId>,
) -> Result<Json<WebhookSecret>, Problem> {
    if matches!(found(&api, id).await?.target, Target::Mail { .. }) {
        return Err(Problem::field(
            "id",
            "id is of a mail address, which has no secret.",
        ));
    }
    let secret = new_secret();
    let sealed = seal(&api, &secret)?;
    api.app.store.recipients().set_secret(id, &sealed).await?;
    Ok(Json(WebhookSecret { secret }))
}

/// Send a test to a recipient.
#[utoipa::path(
    post,
    path = "/v1/recipients/{id}/test",
    operation_id = "recipients_test",
    tag = "recipients",
    params(("id" = RecipientId, Path)),
    responses(
        (status = 202, description = "On its way; what becomes of it is in /v1/deliveries", body = Delivery),
        (status = 429, description = "Too many deliveries wait for a recipient", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u64))),
    )
)]
pub(crate) async fn test(
    State(api): State<Api>,
    Segments(id): Segments<RecipientId>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let recipient = found(&api, id).await?;
    let told = Telling {
        source: "test".to_owned(),
        schedule: None,
        due_at: api.app.clock.now().utc,
        late: false,
        content: &Content::Test,
    };
    let deliveries = api.app.deliveries.tell(&told, &[recipient]).await?;
    let delivery = deliveries.into_iter().next();
    let delivery = delivery.ok_or_else(|| Problem::not_found("recipient"))?;
    Ok((StatusCode::ACCEPTED, Json(delivery)))
}

async fn found(api: &Api, id: RecipientId) -> Result<Recipient, Problem> {
    let recipient = api.app.store.recipients().get(id).await?;
    recipient.ok_or_else(|| Problem::not_found("recipient"))
}

fn shown(recipient: Recipient, to: &Principal) -> Recipient {
    let target = match to.role {
        Role::Administrator => recipient.target,
        _ => recipient.target.without_path(),
    };
    Recipient {
        target,
        ..recipient
    }
}

fn new_secret() -> String {
    format!("{SECRET_SCHEME}{}", random_text())
}

fn seal(api: &Api, secret: &str) -> Result<String, Problem> {
    api.app.vault.seal(secret).map_err(|error| {
        tracing::error!(%error, "a webhook's secret cannot be sealed");
        Problem::new(Code::Internal, "The secret could not be kept.")
    })
}
