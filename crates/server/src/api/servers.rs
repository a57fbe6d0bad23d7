//! The Asterisk servers we drive. A password goes in and never comes out.

use asterisk::ari::{ConfigError, Transport};
use axum::{Json, extract::State, http::StatusCode};
use model::{AmiAccess, DialOut, ProvisionedBy, Server, ServerId};
use serde::{Deserialize, Serialize};
use store::ServerSecrets;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::{
    doctor::{self, Finding},
    problem::{Code, Problem, ProblemBody},
    telephony::Credentials,
};

/// The longest password of an ARI user.
const MAX_PASSWORD: usize = 200;

/// What may be set of a server.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerFields {
    /// Lower-case letters, digits, `-` and `_`.
    #[schema(max_length = 100)]
    name: String,
    /// Such as `http://127.0.0.1:8088/ari`.
    #[schema(max_length = 300)]
    ari_url: String,
    #[schema(max_length = 64)]
    ari_user: String,
    /// The ARI user's password. Needed for a new server; left out on a replacement, it stays.
    #[serde(default)]
    #[schema(max_length = 200, format = Password, write_only)]
    password: Option<String>,
    /// The word in `Stasis(WORD)`.
    #[serde(default = "cordboard")]
    #[schema(max_length = 100, default = "cordboard")]
    application: String,
    #[serde(default = "yes")]
    active: bool,
    /// Where calls go that Cordboard places: a dial string with the place of the number, such as `PJSIP/{number}@trunk`.
    #[serde(default)]
    dial_out: Option<String>,
    /// Its manager interface, by which Asterisk is told of phones that changed.
    #[serde(default)]
    ami: Option<AmiFields>,
    /// How it gets its phones and trunks. `database` and `files` need `[provisioning]` in the configuration.
    #[serde(default)]
    #[schema(default = "http")]
    provisioned_by: ProvisionedBy,
}

/// How to reach a manager interface.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmiFields {
    /// A host and its port, such as `127.0.0.1:5038`.
    #[schema(max_length = 300)]
    address: String,
    /// A user of `manager.conf`, with `read = system` and `write = system,command`.
    #[schema(max_length = 64)]
    user: String,
    /// It speaks TLS there.
    #[serde(default)]
    tls: bool,
    /// That user's secret. Needed at first; left out on a replacement, it stays.
    #[serde(default)]
    #[schema(max_length = 200, format = Password, write_only)]
    secret: Option<String>,
}

fn cordboard() -> String {
    "cordboard".to_owned()
}

fn yes() -> bool {
    true
}

impl ServerFields {
    pub(super) fn into_server(self, id: ServerId) -> Result<(Server, Given), Problem> {
        let (ami, ami_secret) = match self.ami {
            None => (None, None),
            Some(fields) => (
                Some(AmiAccess {
                    address: fields.address,
                    user: fields.user,
                    tls: fields.tls,
                }),
                fields.secret,
            ),
        };
        let dial_out = self.dial_out.as_deref().map(str::parse::<DialOut>);
        let server = Server {
            id,
            name: self.name,
            ari_url: self.ari_url,
            ari_user: self.ari_user,
            application: self.application,
            active: self.active,
            dial_out: dial_out.transpose()?,
            ami,
            provisioned_by: self.provisioned_by,
        };
        server.check()?;
        check_login(&server)?;
        if let Some(password) = &self.password {
            check_password("password", password)?;
        }
        if let Some(secret) = &ami_secret {
            check_password("ami", secret)?;
        }
        let given = Given {
            password: self.password,
            ami_secret,
        };
        Ok((server, given))
    }
}

/// Secrets that came with a request.
pub(super) struct Given {
    password: Option<String>,
    ami_secret: Option<String>,
}

impl Given {
    /// Those that were given, else those that there were.
    fn or(self, kept: Option<Credentials>, server: &Server) -> Result<Credentials, Problem> {
        let (password, ami_secret) = match kept {
            Some(kept) => (Some(kept.password), kept.ami_secret),
            None => (None, None),
        };
        let missing = |field: &'static str, what: &str| {
            Problem::field(field, format!("{what} is missing: a new one is needed."))
        };
        let password = self.password.or(password);
        let ami_secret = self.ami_secret.or(ami_secret);
        if server.ami.is_some() && ami_secret.is_none() {
            return Err(missing("ami", "ami.secret"));
        }
        Ok(Credentials {
            password: password.ok_or_else(|| missing("password", "password"))?,
            ami_secret: ami_secret.filter(|_| server.ami.is_some()),
            transport: Transport::default(),
        })
    }
}

/// What the ARI client would refuse, before anything is stored.
fn check_login(server: &Server) -> Result<(), Problem> {
    if server.ari_user.is_empty() || server.ari_user.contains(':') {
        let detail = "ari_user is empty or has a colon in it.";
        return Err(Problem::field("ari_user", detail));
    }
    let bad_url = |why: &str| Problem::field("ari_url", format!("ari_url {why}."));
    let uri: axum::http::Uri = server
        .ari_url
        .parse()
        .map_err(|_| bad_url("is no address such as http://127.0.0.1:8088/ari"))?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err(bad_url(
            "has a user in it; ari_user and password have their own fields",
        ));
    }
    if authority.is_empty() || uri.query().is_some() || server.ari_url.contains('#') {
        return Err(bad_url("is not of the form http://host:port/ari"));
    }
    Ok(())
}

fn check_password(field: &'static str, password: &str) -> Result<(), Problem> {
    let length = password.chars().count();
    let problem = if length == 0 {
        "is empty".to_owned()
    } else if length > MAX_PASSWORD {
        format!("has {length} characters; the limit is {MAX_PASSWORD}")
    } else if password.chars().any(char::is_control) {
        "has a control character".to_owned()
    } else {
        return Ok(());
    };
    let what = if field == "ami" { "ami.secret" } else { field };
    Err(Problem::field(field, format!("{what} {problem}.")))
}

/// Servers by name.
#[utoipa::path(
    get,
    path = "/v1/servers",
    operation_id = "servers_list",
    tag = "servers",
    params(PageQuery),
    responses((status = 200, description = "A page of servers", body = Page<Server>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Server>>, Problem> {
    let limit = page.limit()?;
    let servers = api.app.store.servers();
    let servers = servers.list(page.after()?, limit + 1).await?;
    Ok(Json(Page::of(servers, limit, |server| server.name.clone())))
}

/// Add a server and connect to it.
#[utoipa::path(
    post,
    path = "/v1/servers",
    operation_id = "servers_create",
    tag = "servers",
    request_body = ServerFields,
    responses(
        (status = 201, description = "Added; how the connection stands is in /v1/live", body = Server, headers(("Location" = String))),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<ServerFields>,
) -> Result<Created<Server>, Problem> {
    let (at, random) = api.app.clock.id();
    let (server, given) = fields.into_server(ServerId::new(at, random))?;
    refuse_no_way(&api, &server)?;
    let credentials = given.or(None, &server)?;
    let sealed = sealed(&api, &credentials)?;
    let _turn = api.set_up.lock().await;
    api.app.store.servers().create(&server, &sealed).await?;
    connect(&api, &server, credentials).await?;
    Ok(created(format!("/v1/servers/{}", server.id), server))
}

/// One server, without its password.
#[utoipa::path(
    get,
    path = "/v1/servers/{id}",
    operation_id = "servers_show",
    tag = "servers",
    params(("id" = ServerId, Path)),
    responses((status = 200, description = "The server", body = Server))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<ServerId>,
) -> Result<Json<Server>, Problem> {
    let server = api.app.store.servers().get(id).await?;
    server.map(Json).ok_or_else(|| Problem::not_found("server"))
}

/// Replace a server and connect anew. Calls that are up stay up.
#[utoipa::path(
    put,
    path = "/v1/servers/{id}",
    operation_id = "servers_replace",
    tag = "servers",
    params(("id" = ServerId, Path)),
    request_body = ServerFields,
    responses((status = 200, description = "Replaced", body = Server))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<ServerId>,
    JsonBody(fields): JsonBody<ServerFields>,
) -> Result<Json<Server>, Problem> {
    let (server, given) = fields.into_server(id)?;
    refuse_no_way(&api, &server)?;
    let _turn = api.set_up.lock().await;
    let servers = api.app.store.servers();
    let kept = servers.secrets(id).await?;
    let kept = kept.ok_or_else(|| Problem::not_found("server"))?;
    let kept = match Credentials::open(&api.app.vault, &kept) {
        Ok(kept) => Some(kept),
        Err(error) if given.password.is_none() => {
            tracing::error!(%error, server = server.name, "a password cannot be opened");
            let detail = "password cannot be read any more; enter it again.";
            return Err(Problem::field("password", detail));
        }
        Err(_) => None,
    };
    let credentials = given.or(kept, &server)?;
    let sealed = sealed(&api, &credentials)?;
    servers.update(&server, &sealed).await?;
    connect(&api, &server, credentials).await?;
    Ok(Json(server))
}

/// Remove a server. Its calls stay up, but are not ours any more.
#[utoipa::path(
    delete,
    path = "/v1/servers/{id}",
    operation_id = "servers_delete",
    tag = "servers",
    params(("id" = ServerId, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<ServerId>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    api.app.store.servers().delete(id).await?;
    api.app.disconnect(id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What was seen of a server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServerChecked {
    /// Whether nothing is a problem.
    ok: bool,
    findings: Vec<Finding>,
}

/// Servers that are looked at at a time.
static CHECKS: Semaphore = Semaphore::const_new(2);

/// Look at a server: does it let us in, by ARI and the manager interface, may we do what is needed, does it ask for its phones, does
/// its clock agree, how fast does it answer?
///
/// Nothing is changed, and no call is disturbed.
#[utoipa::path(
    post,
    path = "/v1/servers/{id}/check",
    operation_id = "servers_check",
    tag = "servers",
    params(("id" = ServerId, Path)),
    responses((status = 200, description = "What was seen, and what mends it", body = ServerChecked))
)]
pub(crate) async fn check(
    State(api): State<Api>,
    Segments(id): Segments<ServerId>,
) -> Result<Json<ServerChecked>, Problem> {
    let (server, credentials) = with_credentials(&api, id).await?;
    let _turn = CHECKS.acquire().await.expect("never closed");
    let findings = doctor::examine_server(&server, &credentials, &api.app.store).await;
    let ok = !doctor::has_problem(&findings);
    Ok(Json(ServerChecked { ok, findings }))
}

/// A server, and how to log in there.
pub(super) async fn with_credentials(
    api: &Api,
    id: ServerId,
) -> Result<(Server, Credentials), Problem> {
    let servers = api.app.store.servers();
    let found = servers.get(id).await?.zip(servers.secrets(id).await?);
    let (server, secrets) = found.ok_or_else(|| Problem::not_found("server"))?;
    let opened = Credentials::open(&api.app.vault, &secrets).map_err(|error| {
        tracing::error!(%error, "a password cannot be opened");
        let detail = "Its password cannot be read: enter it again.";
        Problem::new(Code::Internal, detail)
    })?;
    Ok((server, opened))
}

/// Take the Stasis application back from another program that took it.
#[utoipa::path(
    post,
    path = "/v1/servers/{id}/take-over",
    operation_id = "servers_take_over",
    tag = "servers",
    params(("id" = ServerId, Path)),
    responses((status = 202, description = "Asked; how the connection stands is in /v1/live"))
)]
pub(crate) async fn take_over(
    State(api): State<Api>,
    Segments(id): Segments<ServerId>,
) -> Result<StatusCode, Problem> {
    if api.app.servers.take_over(id) {
        Ok(StatusCode::ACCEPTED)
    } else {
        Err(Problem::not_found("server that is active"))
    }
}

/// A way that leads nowhere is told now, not when a phone cannot register.
fn refuse_no_way(api: &Api, server: &Server) -> Result<(), Problem> {
    let can = api.app.provisioner.can(server.provisioned_by);
    can.map_err(|why| Problem::field("provisioned_by", format!("provisioned_by: {why}.")))
}

fn sealed(api: &Api, credentials: &Credentials) -> Result<ServerSecrets, Problem> {
    credentials.sealed(&api.app.vault).map_err(|error| {
        tracing::error!(%error, "a password cannot be sealed");
        Problem::new(Code::Internal, "The password could not be kept.")
    })
}

async fn connect(api: &Api, server: &Server, credentials: Credentials) -> Result<(), Problem> {
    let connected = api.app.connect(server.clone(), credentials).await;
    connected.map_err(|error| {
        let field = match &error {
            ConfigError::Application(_) => "application",
            ConfigError::Username(_) => "ari_user",
            _ => "ari_url",
        };
        Problem::field(field, format!("It is stored but cannot be used: {error}."))
    })
}
