//! The phones that we set up. A secret is shown once, when it is made.

use axum::{Json, extract::State, http::StatusCode};
use model::{
    Codec, Extension, ExtensionId, ServerId, SipTransport, USUAL_CODECS, USUAL_CONTEXT,
    USUAL_QUALIFY,
};
use serde::{Deserialize, Serialize};
use store::{KeptExtension, MAX_EXTENSIONS_AT_ONCE};
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::{
    clock::Clock,
    problem::{Problem, ProblemBody},
    provision::{Change, Provisioned, Wanted},
    realtime::PhoneSecret,
};

/// What may be set of a phone, or of a range of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtensionFields {
    /// What is dialled, and what the phone logs in as: 2 to 10 digits. Of a range: the first.
    #[schema(min_length = 2, max_length = 10)]
    number: String,
    /// Of a range: the last number, with as many digits.
    #[serde(default)]
    #[schema(min_length = 2, max_length = 10)]
    last: Option<String>,
    /// Who is shown to those whom it calls. Usually the number.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: Option<String>,
    /// The only server that knows it; nothing: all of them.
    #[serde(default)]
    server: Option<ServerId>,
    #[serde(default = "udp")]
    #[schema(default = "udp")]
    transport: SipTransport,
    /// In the order of preference.
    #[serde(default = "usual_codecs")]
    #[schema(max_items = 8, default = json!(["opus", "g722", "alaw", "ulaw"]))]
    codecs: Vec<Codec>,
    /// The dialplan's context in which its calls begin.
    #[serde(default = "agents")]
    #[schema(max_length = 40, default = "agents")]
    context: String,
    /// Such as `101@default`: new messages there light the lamp.
    #[serde(default)]
    #[schema(max_length = 40)]
    mailbox: Option<String>,
    /// It is behind an address translation: answered where its packets come from, whatever they say.
    #[serde(default = "yes")]
    nat: bool,
    /// How often it is asked whether it is still there; 0: never.
    #[serde(default = "a_minute")]
    #[schema(maximum = 3_600, default = 60)]
    qualify_seconds: u16,
    /// Otherwise nobody can register as it, nor call it.
    #[serde(default = "yes")]
    active: bool,
    /// One that the phone has already; 8 to 80 characters. Left out: a new phone gets one, another keeps its own.
    #[serde(default)]
    #[schema(max_length = 80, format = Password, write_only)]
    secret: Option<String>,
}

fn udp() -> SipTransport {
    SipTransport::Udp
}

fn usual_codecs() -> Vec<Codec> {
    USUAL_CODECS.to_vec()
}

fn agents() -> String {
    USUAL_CONTEXT.to_owned()
}

fn yes() -> bool {
    true
}

fn a_minute() -> u16 {
    USUAL_QUALIFY
}

/// A phone that was just made, or has a new secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeExtension {
    #[serde(flatten)]
    extension: Extension,
    /// What the phone logs in with, where it is new. It is not shown again.
    secret: Option<String>,
    /// How each Asterisk has it now.
    provisioned: Vec<Provisioned>,
}

/// Phones that were just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeExtensions {
    items: Vec<NewExtension>,
}

/// One of many phones that were just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewExtension {
    #[serde(flatten)]
    extension: Extension,
    /// What the phone logs in with. It is not shown again.
    secret: String,
}

/// A phone, and how each Asterisk has it at this moment.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenExtension {
    #[serde(flatten)]
    extension: Extension,
    provisioned: Vec<Provisioned>,
}

/// A new secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecretFields {
    /// One that the phone has already; 8 to 80 characters. Left out: a random one.
    #[serde(default)]
    #[schema(max_length = 80, format = Password)]
    secret: Option<String>,
}

impl ExtensionFields {
    pub(super) fn into_extension(
        self,
        id: ExtensionId,
    ) -> Result<(Extension, Option<PhoneSecret>), Problem> {
        if self.last.is_some() {
            let detail = "last is for a range: POST /v1/extensions/range.";
            return Err(Problem::field("last", detail));
        }
        let secret = self.secret.map(PhoneSecret::given).transpose()?;
        let extension = Extension {
            id,
            name: self.name.unwrap_or_else(|| self.number.clone()),
            number: self.number,
            server: self.server,
            transport: self.transport,
            codecs: self.codecs,
            context: self.context,
            mailbox: self.mailbox,
            nat: self.nat,
            qualify_seconds: self.qualify_seconds,
            active: self.active,
        };
        extension.check()?;
        Ok((extension, secret))
    }

    /// Each of a range, in place of the first.
    fn range(mut self, clock: &Clock) -> Result<Vec<Extension>, Problem> {
        let one = |field: &'static str| {
            Problem::field(field, format!("{field} is of one phone, not of a range."))
        };
        if self.secret.is_some() {
            return Err(one("secret"));
        }
        if self.mailbox.is_some() {
            return Err(one("mailbox"));
        }
        let last = self.last.take();
        let last = last.ok_or_else(|| Problem::field("last", "last is missing."))?;
        let numbers = numbers(&self.number, &last)?;
        let is_named = self.name.is_some();
        let (at, random) = clock.id();
        let (first, _) = self.into_extension(ExtensionId::new(at, random))?;
        let each = numbers.into_iter().map(|number| {
            let (at, random) = clock.id();
            let mut one = first.clone();
            one.id = ExtensionId::new(at, random);
            if !is_named {
                one.name.clone_from(&number);
            }
            one.number = number;
            one
        });
        Ok(each.collect())
    }
}

/// Phones by number.
#[utoipa::path(
    get,
    path = "/v1/extensions",
    operation_id = "extensions_list",
    tag = "extensions",
    params(PageQuery),
    responses((status = 200, description = "A page of phones", body = Page<Extension>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Extension>>, Problem> {
    let limit = page.limit()?;
    let extensions = api.app.store.extensions();
    let extensions = extensions.list(page.after()?, limit + 1).await?;
    Ok(Json(Page::of(extensions, limit, |one| one.number.clone())))
}

/// Add a phone. It can register at once.
#[utoipa::path(
    post,
    path = "/v1/extensions",
    operation_id = "extensions_create",
    tag = "extensions",
    request_body = ExtensionFields,
    responses(
        (status = 201, description = "Added", body = MadeExtension, headers(("Location" = String))),
        (status = 409, description = "The number is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<ExtensionFields>,
) -> Result<Created<MadeExtension>, Problem> {
    let (at, random) = api.app.clock.id();
    let (extension, secret) = fields.into_extension(ExtensionId::new(at, random))?;
    refuse_emergency(&api, &extension)?;
    let secret = secret.unwrap_or_else(PhoneSecret::random);
    let kept = keep(extension, &secret);
    set_up(&api, std::slice::from_ref(&kept)).await?;
    let location = format!("/v1/extensions/{}", kept.extension.id);
    Ok(created(
        location,
        live(&api, None, kept, Some(secret)).await,
    ))
}

/// Add a range of phones, at most 10,000: all of them, or none.
#[utoipa::path(
    post,
    path = "/v1/extensions/range",
    operation_id = "extensions_create_range",
    tag = "extensions",
    request_body = ExtensionFields,
    responses(
        (status = 200, description = "Added, with their secrets", body = MadeExtensions),
        (status = 409, description = "One of the numbers is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create_range(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<ExtensionFields>,
) -> Result<Json<MadeExtensions>, Problem> {
    let (mut all, mut secrets) = (Vec::new(), Vec::new());
    for extension in fields.range(&api.app.clock)? {
        refuse_emergency(&api, &extension)?;
        let secret = PhoneSecret::random();
        all.push(keep(extension, &secret));
        secrets.push(secret);
    }
    set_up(&api, &all).await?;
    let numbers = all.iter().map(|kept| kept.extension.number.clone());
    api.app.provisioner.add(numbers.collect()).await;
    let items = all.into_iter().zip(secrets);
    let items = items.map(|(kept, secret)| NewExtension {
        extension: kept.extension,
        secret: secret.show(),
    });
    Ok(Json(MadeExtensions {
        items: items.collect(),
    }))
}

/// Whoever calls for help must not get a phone.
fn refuse_emergency(api: &Api, extension: &Extension) -> Result<(), Problem> {
    let number = &extension.number;
    let refused = api.app.numbers.refuse_emergency("number", number);
    refused.map_err(|_| {
        let detail = format!("number {number} calls for help: no phone may have it.");
        Problem::field("number", detail)
    })
}

fn numbers(first: &str, last: &str) -> Result<Vec<String>, Problem> {
    let bad = |field: &'static str, why: &str| Problem::field(field, format!("{field} {why}."));
    let read = |field, text: &str| {
        let is_plain = text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_plain.then(|| text.parse::<u64>().ok()).flatten();
        number.ok_or_else(|| bad(field, "is no number of 2 to 10 digits"))
    };
    let (from, to) = (read("number", first)?, read("last", last)?);
    if first.len() != last.len() {
        return Err(bad("last", "has another count of digits than number"));
    }
    if to < from {
        return Err(bad("last", "is smaller than number"));
    }
    if to - from >= MAX_EXTENSIONS_AT_ONCE as u64 {
        return Err(bad("last", "makes more than 10,000 phones"));
    }
    let width = first.len();
    Ok((from..=to).map(|it| format!("{it:0width$}")).collect())
}

/// One phone, without its secret.
#[utoipa::path(
    get,
    path = "/v1/extensions/{id}",
    operation_id = "extensions_show",
    tag = "extensions",
    params(("id" = ExtensionId, Path)),
    responses((status = 200, description = "The phone", body = SeenExtension))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<ExtensionId>,
) -> Result<Json<SeenExtension>, Problem> {
    let kept = api.app.store.extensions().get(id).await?;
    let kept = kept.ok_or_else(not_found)?;
    let provisioned = api.app.provisioner.look(&wanted(&api, &kept)).await;
    Ok(Json(SeenExtension {
        extension: kept.extension,
        provisioned,
    }))
}

/// Replace a phone. Another number needs another secret, which is made where none is given.
#[utoipa::path(
    put,
    path = "/v1/extensions/{id}",
    operation_id = "extensions_replace",
    tag = "extensions",
    params(("id" = ExtensionId, Path)),
    request_body = ExtensionFields,
    responses((status = 200, description = "Replaced", body = MadeExtension))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<ExtensionId>,
    JsonBody(fields): JsonBody<ExtensionFields>,
) -> Result<Json<MadeExtension>, Problem> {
    let (extension, secret) = fields.into_extension(id)?;
    let turn = api.set_up.lock().await;
    let before = api.app.store.extensions().get(id).await?;
    let before = before.ok_or_else(not_found)?;
    refuse_trunks_context(&api, &extension).await?;
    // The number is part of what proves the secret.
    let renamed = before.extension.number != extension.number;
    if renamed {
        refuse_emergency(&api, &extension)?;
    }
    let secret = secret.or_else(|| renamed.then(PhoneSecret::random));
    let kept = match &secret {
        Some(secret) => keep(extension, secret),
        None => KeptExtension {
            extension,
            digests: before.digests,
        },
    };
    api.app.store.extensions().update(&kept).await?;
    api.app.realtime.set(std::slice::from_ref(&kept));
    drop(turn);
    Ok(Json(live(&api, Some(before.extension), kept, secret).await))
}

/// Give a phone a new secret. What it registered with before is worth nothing at once.
#[utoipa::path(
    post,
    path = "/v1/extensions/{id}/secret",
    operation_id = "extensions_renew_secret",
    tag = "extensions",
    params(("id" = ExtensionId, Path)),
    request_body = SecretFields,
    responses((status = 200, description = "The new secret, shown this once", body = MadeExtension))
)]
pub(crate) async fn renew_secret(
    State(api): State<Api>,
    Segments(id): Segments<ExtensionId>,
    JsonBody(fields): JsonBody<SecretFields>,
) -> Result<Json<MadeExtension>, Problem> {
    let secret = fields.secret.map(PhoneSecret::given).transpose()?;
    let secret = secret.unwrap_or_else(PhoneSecret::random);
    let turn = api.set_up.lock().await;
    let before = api.app.store.extensions().get(id).await?;
    let extension = before.ok_or_else(not_found)?.extension;
    let kept = keep(extension.clone(), &secret);
    api.app.store.extensions().update(&kept).await?;
    api.app.realtime.set(std::slice::from_ref(&kept));
    drop(turn);
    let made = live(&api, Some(extension), kept, Some(secret)).await;
    Ok(Json(made))
}

/// Remove a phone. It can neither register nor be called from now on.
#[utoipa::path(
    delete,
    path = "/v1/extensions/{id}",
    operation_id = "extensions_delete",
    tag = "extensions",
    params(("id" = ExtensionId, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<ExtensionId>,
) -> Result<StatusCode, Problem> {
    let turn = api.set_up.lock().await;
    let extensions = api.app.store.extensions();
    let before = extensions.get(id).await?.ok_or_else(not_found)?;
    extensions.delete(id).await?;
    api.app.realtime.remove(id);
    drop(turn);
    let change = Change {
        before: Some(before.extension.number),
        after: None,
        is_trunk: false,
        forget_contacts: true,
    };
    api.app.provisioner.apply(change).await;
    Ok(StatusCode::NO_CONTENT)
}

fn not_found() -> Problem {
    Problem::not_found("extension")
}

fn keep(extension: Extension, secret: &PhoneSecret) -> KeptExtension {
    KeptExtension {
        digests: secret.digests(&extension.number),
        extension,
    }
}

async fn set_up(api: &Api, all: &[KeptExtension]) -> Result<(), Problem> {
    let _turn = api.set_up.lock().await;
    if let Some(first) = all.first() {
        // Of a range all are in the same.
        refuse_trunks_context(api, &first.extension).await?;
    }
    api.app.store.extensions().create(all).await?;
    api.app.realtime.set(all);
    Ok(())
}

/// The other side of what holds for trunks.
async fn refuse_trunks_context(api: &Api, extension: &Extension) -> Result<(), Problem> {
    let context = &extension.context;
    if !api.app.store.trunks().any_in(context).await? {
        return Ok(());
    }
    let detail = format!(
        "context {context} is where calls of a trunk begin: whoever calls in could call out from there, at your cost."
    );
    Err(Problem::field("context", detail))
}

fn wanted(api: &Api, kept: &KeptExtension) -> Wanted {
    let context = api.app.realtime.asterisk_context(&kept.extension.context);
    Wanted::phone(kept, context)
}

/// Lets each Asterisk hear of the change, and sees what it has then.
async fn live(
    api: &Api,
    before: Option<Extension>,
    kept: KeptExtension,
    secret: Option<PhoneSecret>,
) -> MadeExtension {
    let now = &kept.extension;
    let is_other = |it: &Extension| it.number != now.number || it.server != now.server;
    let is_other = before.as_ref().is_some_and(is_other);
    let before = before.map(|it| it.number);
    let change = Change {
        before,
        // With another secret, number, or none of both, whoever registered before is somebody else.
        forget_contacts: is_other || secret.is_some() || !kept.extension.active,
        after: Some(wanted(api, &kept)),
        is_trunk: false,
    };
    let provisioned = api.app.provisioner.apply(change).await;
    MadeExtension {
        extension: kept.extension,
        secret: secret.map(PhoneSecret::show),
        provisioned,
    }
}
