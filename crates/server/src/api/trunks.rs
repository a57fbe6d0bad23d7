//! The ways to and from the telephone network that we set up. A password goes in and never comes out.

use axum::{Json, extract::State, http::StatusCode};
use engine::trunk::{Ask, Called, Considered, Verdict};
use model::{Codec, E164, ServerId, SipTransport, Trunk, TrunkId, TrunkOutbound};
use serde::{Deserialize, Serialize};
use store::KeptTrunk;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created,
    rotation::destination,
};
use crate::{
    problem::{Code, Problem, ProblemBody},
    provision::{Change, Provisioned, Wanted},
    telephony::words,
    told::Told,
};

/// The width of Asterisk's column `ps_auths.password`.
const MAX_PASSWORD: usize = 80;

/// What may be set of a trunk.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrunkFields {
    /// What it is called in dial strings, `PJSIP/{number}@NAME`: a lower-case letter, then such letters, digits, `-`, `_`.
    #[schema(max_length = 40)]
    name: String,
    /// The only server that knows it; nothing: all of them.
    #[serde(default)]
    server: Option<ServerId>,
    /// Where it is: a host name or an address, an IPv6 one in brackets.
    #[schema(max_length = 253)]
    host: String,
    /// Usually 5060, and 5061 for `tls`.
    #[serde(default)]
    #[schema(minimum = 1)]
    port: Option<u16>,
    /// `udp`, `tcp` or `tls`.
    #[serde(default = "udp")]
    #[schema(default = "udp")]
    transport: SipTransport,
    /// The user that we log in there as; without one we are known by our address.
    #[serde(default)]
    #[schema(max_length = 40)]
    username: Option<String>,
    /// That user's password. Needed with a new user; left out on a replacement, it stays.
    #[serde(default)]
    #[schema(max_length = 80, format = Password, write_only)]
    password: Option<String>,
    /// Register there, to be called where we registered.
    #[serde(default)]
    registers: bool,
    /// Whence its calls come: addresses, networks such as `192.0.2.0/24`, or host names. Usually the host.
    #[serde(default)]
    #[schema(max_items = 32)]
    addresses: Vec<String>,
    /// The dialplan's context in which its calls begin; usually `from-NAME`. No phone's calls may begin there.
    #[serde(default)]
    #[schema(max_length = 40)]
    context: Option<String>,
    /// In the order of preference.
    #[serde(default = "usual_codecs")]
    #[schema(max_items = 8, default = json!(["alaw", "ulaw"]))]
    codecs: Vec<Codec>,
    /// The domain that it wants in `From`.
    #[serde(default)]
    #[schema(max_length = 253)]
    from_domain: Option<String>,
    /// How often it is asked whether it is still there; 0: never.
    #[serde(default = "a_minute")]
    #[schema(maximum = 3_600, default = 60)]
    qualify_seconds: u16,
    /// Otherwise no call comes from it, nor goes there.
    #[serde(default = "yes")]
    active: bool,
    /// Which calls go out by it, and how many: all, unless told. `null`: they only come in. Left out on a replacement, it stays.
    #[serde(default)]
    #[schema(value_type = Option<TrunkOutbound>)]
    outbound: Told<TrunkOutbound>,
}

fn udp() -> SipTransport {
    SipTransport::Udp
}

fn usual_codecs() -> Vec<Codec> {
    vec![Codec::Alaw, Codec::Ulaw]
}

fn a_minute() -> u16 {
    60
}

fn yes() -> bool {
    true
}

/// A trunk, and how each Asterisk has it at this moment.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenTrunk {
    #[serde(flatten)]
    trunk: Trunk,
    provisioned: Vec<Provisioned>,
}

impl TrunkFields {
    /// `outbound` is meant where none is told.
    pub(super) fn into_trunk(
        self,
        id: TrunkId,
        outbound: Option<TrunkOutbound>,
    ) -> Result<(Trunk, Option<String>), Problem> {
        let context = self
            .context
            .unwrap_or_else(|| format!("from-{}", self.name));
        let trunk = Trunk {
            id,
            name: self.name,
            server: self.server,
            host: self.host,
            port: self.port.unwrap_or(match self.transport {
                SipTransport::Tls => 5061,
                _ => 5060,
            }),
            transport: self.transport,
            username: self.username,
            registers: self.registers,
            addresses: self.addresses,
            context,
            codecs: self.codecs,
            from_domain: self.from_domain,
            qualify_seconds: self.qualify_seconds,
            active: self.active,
            outbound: self.outbound.or(outbound),
        };
        trunk.check()?;
        if let Some(password) = &self.password {
            check_password(password)?;
        }
        Ok((trunk, self.password))
    }
}

fn check_password(password: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    let problem = if !(1..=MAX_PASSWORD).contains(&length) {
        format!("password has {length} characters, not 1 to {MAX_PASSWORD}.")
    } else if password.chars().any(char::is_control) {
        "password has a control character.".to_owned()
    } else {
        return Ok(());
    };
    Err(Problem::field("password", problem))
}

/// Trunks by name.
#[utoipa::path(
    get,
    path = "/v1/trunks",
    operation_id = "trunks_list",
    tag = "trunks",
    params(PageQuery),
    responses((status = 200, description = "A page of trunks", body = Page<Trunk>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Trunk>>, Problem> {
    let limit = page.limit()?;
    let trunks = api
        .app
        .store
        .trunks()
        .list(page.after()?, limit + 1)
        .await?;
    let trunks = trunks.into_iter().map(|kept| kept.trunk).collect();
    Ok(Json(Page::of(trunks, limit, |trunk| trunk.name.clone())))
}

/// Add a trunk. Calls can go there at once.
#[utoipa::path(
    post,
    path = "/v1/trunks",
    operation_id = "trunks_create",
    tag = "trunks",
    request_body = TrunkFields,
    responses(
        (status = 201, description = "Added", body = SeenTrunk, headers(("Location" = String))),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<TrunkFields>,
) -> Result<Created<SeenTrunk>, Problem> {
    let (at, random) = api.app.clock.id();
    let outbound = Some(TrunkOutbound::default());
    let (trunk, password) = fields.into_trunk(TrunkId::new(at, random), outbound)?;
    let turn = api.set_up.lock().await;
    refuse_phones_context(&api, &trunk).await?;
    super::dialplan_contexts::refuse_trunks_way_out(&api, &trunk)?;
    let kept = keep(&api, trunk, password.as_deref())?;
    api.app.store.trunks().create(&kept).await?;
    api.app.realtime.set_trunk(&kept.trunk, password.as_deref());
    let (id, name) = (kept.trunk.id, &kept.trunk.name);
    api.app.servers.follow_trunk(id, name);
    drop(turn);
    let location = format!("/v1/trunks/{}", kept.trunk.id);
    Ok(created(location, live(&api, None, kept.trunk).await))
}

/// A number that might be called.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExplainQuery {
    /// The number, as people write it.
    #[param(max_length = 64)]
    to: String,
    /// From which server; the first by name that is connected, unless told.
    server: Option<ServerId>,
}

/// By which trunk a call would go.
#[derive(Serialize, ToSchema)]
pub(crate) struct WaysExplained {
    server: ServerId,
    /// With country code.
    to: E164,
    /// Where the server's own dialplan decides, and no trunk is asked: the dial string.
    dial_out: Option<String>,
    /// In the order in which they are tried; those that take no such call come last.
    trunks: Vec<WayExplained>,
}

/// What one trunk says to the call.
#[derive(Serialize, ToSchema)]
pub(crate) struct WayExplained {
    id: TrunkId,
    name: String,
    verdict: WayVerdict,
    /// The same in words.
    why: String,
    /// The number, as this trunk wants it.
    dials: Option<String>,
    priority: Option<u16>,
    cost_micros_per_minute: Option<u32>,
    /// Calls that are up on it.
    channels: usize,
}

/// A trunk's word.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WayVerdict {
    Takes,
    /// If no other does: it could not take a call lately.
    TakesAfterFailure,
    NotActive,
    OtherServer,
    IncomingOnly,
    NoRule,
    Failed,
    Unreachable,
    Full,
    TooFast,
}

impl From<Considered> for WayExplained {
    fn from(considered: Considered) -> Self {
        let verdict = match considered.verdict {
            Verdict::Takes => WayVerdict::Takes,
            Verdict::TakesAfterFailure => WayVerdict::TakesAfterFailure,
            Verdict::NotActive => WayVerdict::NotActive,
            Verdict::OtherServer => WayVerdict::OtherServer,
            Verdict::IncomingOnly => WayVerdict::IncomingOnly,
            Verdict::NoRule => WayVerdict::NoRule,
            Verdict::Failed => WayVerdict::Failed,
            Verdict::Unreachable => WayVerdict::Unreachable,
            Verdict::Full { .. } => WayVerdict::Full,
            Verdict::TooFast { .. } => WayVerdict::TooFast,
        };
        Self {
            id: considered.trunk,
            verdict,
            why: words(&considered),
            name: considered.name,
            dials: considered.dials,
            priority: considered.priority,
            cost_micros_per_minute: considered.cost_micros_per_minute,
            channels: considered.channels,
        }
    }
}

/// By which trunk would a call to this number go now, and why not by the others?
#[utoipa::path(
    get,
    path = "/v1/trunks/explain",
    operation_id = "trunks_explain",
    tag = "trunks",
    params(ExplainQuery),
    responses(
        (status = 200, description = "What each trunk says", body = WaysExplained),
        (status = 409, description = "No Asterisk is connected", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn explain(
    State(api): State<Api>,
    Params(query): Params<ExplainQuery>,
) -> Result<Json<WaysExplained>, Problem> {
    let to = destination(api.app.numbers, &query.to)?;
    let connected = api.app.servers.connected(query.server).first().copied();
    let server = query
        .server
        .or(connected)
        .ok_or_else(|| Problem::new(Code::NoWayOut, "No Asterisk is connected."))?;
    let kept = api.app.store.servers().get(server).await?;
    let kept = kept.ok_or_else(|| Problem::not_found("server"))?;
    let tried = &[];
    let ways = api.app.realtime.ways().explain(Ask {
        server,
        to: Called::Number(to),
        tried,
    });
    Ok(Json(WaysExplained {
        server,
        to,
        dial_out: kept.dial_out.map(|dial_out| dial_out.to(to)),
        trunks: ways.into_iter().map(WayExplained::from).collect(),
    }))
}

/// One trunk, without its password.
#[utoipa::path(
    get,
    path = "/v1/trunks/{id}",
    operation_id = "trunks_show",
    tag = "trunks",
    params(("id" = TrunkId, Path)),
    responses((status = 200, description = "The trunk", body = SeenTrunk))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<TrunkId>,
) -> Result<Json<SeenTrunk>, Problem> {
    let kept = api.app.store.trunks().get(id).await?;
    let trunk = kept.ok_or_else(not_found)?.trunk;
    let provisioned = api.app.provisioner.look(&wanted(&api, &trunk)).await;
    Ok(Json(SeenTrunk { trunk, provisioned }))
}

/// Replace a trunk. Calls that are up stay up.
#[utoipa::path(
    put,
    path = "/v1/trunks/{id}",
    operation_id = "trunks_replace",
    tag = "trunks",
    params(("id" = TrunkId, Path)),
    request_body = TrunkFields,
    responses((status = 200, description = "Replaced", body = SeenTrunk))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<TrunkId>,
    JsonBody(fields): JsonBody<TrunkFields>,
) -> Result<Json<SeenTrunk>, Problem> {
    let turn = api.set_up.lock().await;
    let before = api.app.store.trunks().get(id).await?;
    let before = before.ok_or_else(not_found)?;
    let (trunk, password) = fields.into_trunk(id, before.trunk.outbound.clone())?;
    refuse_phones_context(&api, &trunk).await?;
    super::dialplan_contexts::refuse_trunks_way_out(&api, &trunk)?;
    let is_same = before.trunk.username == trunk.username;
    let password = match (password, &before.sealed) {
        (Some(password), _) => Some(password),
        (None, Some(sealed)) if is_same => Some(opened(&api, sealed)?),
        (None, _) => None,
    };
    let kept = keep(&api, trunk, password.as_deref())?;
    api.app.store.trunks().update(&kept).await?;
    api.app.realtime.set_trunk(&kept.trunk, password.as_deref());
    let (id, name) = (kept.trunk.id, &kept.trunk.name);
    api.app.servers.follow_trunk(id, name);
    drop(turn);
    Ok(Json(live(&api, Some(before.trunk.name), kept.trunk).await))
}

/// Remove a trunk. No call comes from it from now on, nor goes there; those that are up stay up.
#[utoipa::path(
    delete,
    path = "/v1/trunks/{id}",
    operation_id = "trunks_delete",
    tag = "trunks",
    params(("id" = TrunkId, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<TrunkId>,
) -> Result<StatusCode, Problem> {
    let turn = api.set_up.lock().await;
    let trunks = api.app.store.trunks();
    let before = trunks.get(id).await?.ok_or_else(not_found)?;
    trunks.delete(id).await?;
    api.app.realtime.remove_trunk(id);
    api.app.servers.forget_trunk(id);
    drop(turn);
    let change = Change {
        before: Some(before.trunk.name),
        after: None,
        is_trunk: true,
        forget_contacts: false,
    };
    api.app.provisioner.apply(change).await;
    Ok(StatusCode::NO_CONTENT)
}

fn not_found() -> Problem {
    Problem::not_found("trunk")
}

/// Whoever calls in through a trunk could call out at our cost where phones may.
async fn refuse_phones_context(api: &Api, trunk: &Trunk) -> Result<(), Problem> {
    let context = &trunk.context;
    if context == model::USUAL_CONTEXT || api.app.store.extensions().any_in(context).await? {
        let detail = format!(
            "context {context} is where calls of phones begin: whoever calls in could call out from there, at your cost."
        );
        return Err(Problem::field("context", detail));
    }
    Ok(())
}

fn keep(api: &Api, trunk: Trunk, password: Option<&str>) -> Result<KeptTrunk, Problem> {
    match (&trunk.username, password) {
        (Some(_), None) => {
            let detail = "password is missing: the user needs one.";
            return Err(Problem::field("password", detail));
        }
        (None, Some(_)) => {
            let detail = "password is of no user: username is missing.";
            return Err(Problem::field("password", detail));
        }
        _ => {}
    }
    let sealed = password.map(|password| api.app.vault.seal(password));
    let sealed = sealed.transpose().map_err(|error| {
        tracing::error!(%error, "a password cannot be sealed");
        Problem::new(Code::Internal, "The password could not be kept.")
    })?;
    Ok(KeptTrunk { trunk, sealed })
}

fn opened(api: &Api, sealed: &str) -> Result<String, Problem> {
    api.app.vault.open(sealed).map_err(|error| {
        tracing::error!(%error, "a trunk's password cannot be opened");
        Problem::field(
            "password",
            "password cannot be read any more; enter it again.",
        )
    })
}

pub(super) fn wanted(api: &Api, trunk: &Trunk) -> Wanted {
    let context = api.app.realtime.asterisk_context(&trunk.context);
    Wanted::trunk(trunk, context)
}

/// Lets each Asterisk hear of the change, and sees what it has then.
async fn live(api: &Api, before: Option<String>, trunk: Trunk) -> SeenTrunk {
    let change = Change {
        before,
        after: Some(wanted(api, &trunk)),
        is_trunk: true,
        forget_contacts: false,
    };
    let provisioned = api.app.provisioner.apply(change).await;
    SeenTrunk { trunk, provisioned }
}
