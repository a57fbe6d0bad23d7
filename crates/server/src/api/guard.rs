//! The gate before every route: who are you, may your role do this, and did your browser really mean it?
//!
//! It denies by default: a route of which the table does not say who may use it never reaches its handler.

use std::{any::Any, collections::BTreeMap, sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Redirect, Response},
};
use model::Role;
use serde_json::json;
use subtle::ConstantTimeEq as _;
use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, ResponseBuilder,
    extensions::Extensions,
    path::{Operation, PathItem},
    security::SecurityRequirement,
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::{Api, metrics};
use crate::{
    auth::{Credential, Principal, hash_token, identify, is_same_site, present},
    problem::{Code, Problem},
    web::SECURITY_HEADERS,
};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Also without a session or key.
    Anybody,
    Roles(&'static [Role]),
    /// The same, of a page: a browser without a session is sent to log in, and comes back.
    Page(&'static [Role]),
    /// The same, and whoever has `statistics.api_token`, in the place of `{token}` in the path or as a bearer.
    Token(&'static [Role]),
}

impl Access {
    /// As `x-roles` in the OpenAPI document.
    fn names(self) -> Vec<&'static str> {
        match self {
            Self::Anybody => vec!["anybody"],
            Self::Roles(roles) | Self::Page(roles) | Self::Token(roles) => {
                roles.iter().map(|role| role.as_str()).collect()
            }
        }
    }
}

/// Path and method to who may use them.
type Accesses = BTreeMap<String, BTreeMap<String, Access>>;

/// The routes with who may use them: what is enforced is what is documented.
pub(crate) struct Table {
    routes: OpenApiRouter<Api>,
    accesses: Accesses,
}

impl Table {
    pub(crate) fn new(frame: OpenApi) -> Self {
        Self {
            routes: OpenApiRouter::with_openapi(frame),
            accesses: Accesses::new(),
        }
    }

    /// Lets those with `access` use these routes.
    pub(crate) fn to(
        mut self,
        access: Access,
        (schemas, mut paths, methods): UtoipaMethodRouter<Api>,
    ) -> Self {
        for (path, item) in &mut paths.paths {
            for (method, operation) in operations(item) {
                declare(operation, access);
                self.accesses
                    .entry(path.clone())
                    .or_default()
                    .insert(method.to_owned(), access);
            }
        }
        self.routes = self.routes.routes((schemas, paths, methods));
        self
    }

    pub(crate) fn into_parts(self) -> (Router<Api>, Accesses, OpenApi) {
        let (routes, document) = self.routes.split_for_parts();
        (routes, self.accesses, document)
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn declare(operation: &mut Operation, access: Access) {
    operation
        .extensions
        .get_or_insert_with(Extensions::default)
        .insert("x-roles".to_owned(), json!(access.names()));
    let refusal = ResponseBuilder::new()
        .description("Refused")
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build(),
        )
        .build();
    operation
        .responses
        .responses
        .entry("default".to_owned())
        .or_insert_with(|| refusal.into());
    if access != Access::Anybody {
        operation.security = Some(vec![
            SecurityRequirement::new("session", Vec::<String>::new()),
            SecurityRequirement::new("key", Vec::<String>::new()),
        ]);
    }
}

#[derive(Clone)]
struct Gate {
    api: Api,
    accesses: Arc<Accesses>,
}

/// Puts the gate before the routes.
pub(crate) fn wrap(routes: Router<Api>, accesses: Accesses, api: Api) -> Router<Api> {
    let gate = Gate {
        api,
        accesses: Arc::new(accesses),
    };
    routes.route_layer(from_fn_with_state(gate, guard))
}

async fn guard(
    State(gate): State<Gate>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let access = access(&gate.accesses, path.as_str(), request.method())?;
    let credential = present(request.headers());
    if matches!(credential, Some(Credential::Session(_))) && !request.method().is_safe() {
        gate.refuse_other_sites(request.headers())?;
    }
    let (Access::Roles(roles) | Access::Page(roles) | Access::Token(roles)) = access else {
        return Ok(next.run(request).await);
    };
    if matches!(access, Access::Token(_))
        && gate.has_statistics_token(&request, credential.as_ref())
    {
        return Ok(next.run(request).await);
    }
    let by_key = matches!(credential, Some(Credential::Key(_)));
    let principal = match gate.principal(credential, roles).await {
        Err(problem)
            if problem.code() == Code::Unauthenticated
                && !by_key
                && matches!(access, Access::Page(_)) =>
        {
            return Ok(log_in_first(path.as_str()));
        }
        Err(problem) if matches!(access, Access::Token(_)) => {
            // What programs read that asked for these before.
            return Err(problem.with("error", "Unauthorized"));
        }
        principal => principal?,
    };
    if request.method().is_safe() {
        request.extensions_mut().insert(principal);
        return Ok(next.run(request).await);
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let by = principal.name.clone();
    request.extensions_mut().insert(principal);
    let answer = async move {
        let response = next.run(request).await;
        let status = response.status().as_u16();
        tracing::info!(by, %method, path, status, "a change was asked for");
        response
    };
    Ok(carried_through(answer).await)
}

/// A client that goes away takes its request with it, but must not leave a change in the store of which no engine knows.
async fn carried_through(answer: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(answer).await {
        Ok(response) => response,
        Err(broken) => match broken.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Problem::unavailable("The server, which is stopping,").into_response(),
        },
    }
}

/// The web client's log-in page, which goes on to `path`.
fn log_in_first(path: &str) -> Response {
    Redirect::to(&format!("/login?next={path}")).into_response()
}

/// Who may use this method of this path.
fn access(accesses: &Accesses, path: &str, method: &Method) -> Result<Access, Problem> {
    let Some(methods) = accesses.get(path) else {
        tracing::error!(path, "a route does not say who may use it");
        return Err(Problem::new(Code::Internal, "Nobody may use this route."));
    };
    let asked = if method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    methods.get(asked).copied().ok_or_else(|| {
        let allowed = methods.keys().cloned().collect::<Vec<_>>();
        Problem::method_not_allowed(&allowed.join(", "))
    })
}

impl Gate {
    /// Hashes are compared, and in constant time, so an answer's time tells nothing of the token.
    fn has_statistics_token(&self, request: &Request, credential: Option<&Credential>) -> bool {
        let Some(known) = self.api.auth.statistics_token_hash.as_deref() else {
            return false;
        };
        // `/api/v1/{token}/…`, as it was sent.
        let in_path = request.uri().path().split('/').nth(3).unwrap_or_default();
        let in_path =
            form_urlencoded::parse(format!("t={}", in_path.replace('+', "%2B")).as_bytes())
                .next()
                .map(|(_, token)| hash_token(&token));
        let bearer = match credential {
            Some(Credential::Key(hash)) => Some(hash.clone()),
            _ => None,
        };
        let same = |hash: String| bool::from(known.as_bytes().ct_eq(hash.as_bytes()));
        in_path.is_some_and(same) | bearer.is_some_and(same)
    }

    /// A browser sends the cookie along with whatever any page makes it send; other pages cannot set this header.
    fn refuse_other_sites(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if headers.get("x-cordboard").is_none_or(|value| value != "1") {
            return Err(Problem::new(
                Code::CrossSite,
                "Send the header X-Cordboard: 1 with every change made by a session.",
            ));
        }
        if !is_same_site(headers, &self.api.auth) {
            return Err(Problem::new(
                Code::CrossSite,
                "The request was sent by a page of another site.",
            ));
        }
        Ok(())
    }

    async fn principal(
        &self,
        credential: Option<Credential>,
        roles: &[Role],
    ) -> Result<Principal, Problem> {
        let found = match credential {
            Some(credential) => identify(&self.api, &credential).await?,
            None => None,
        };
        let principal = found.ok_or_else(|| {
            Problem::new(
                Code::Unauthenticated,
                "Log in, or send a key as Authorization: Bearer.",
            )
        })?;
        if roles.contains(&principal.role) {
            Ok(principal)
        } else {
            let role = principal.role;
            Err(Problem::new(
                Code::Forbidden,
                format!("The role {role} may not do this."),
            ))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Problem::new(Code::Internal, "The route is open to anybody."))
    }
}

/// Around every answer: its count and duration, and what browsers are told not to do.
pub(crate) async fn around(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    metrics::answered(method, route, response.status(), begun.elapsed());
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// A handler broke down: its own request fails, nothing else.
#[expect(clippy::needless_pass_by_value, reason = "the layer's signature")]
pub(crate) fn panicked(what: Box<dyn Any + Send>) -> Response {
    let what = what
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| what.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(what, "a handler panicked");
    Problem::new(Code::Internal, "It is in the log.").into_response()
}

/// Methods are chosen by clients; only the known ones become labels.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_route_that_does_not_say_who_may_use_it_does_not_answer() {
        let open = BTreeMap::from([("GET".to_owned(), Access::Anybody)]);
        let accesses = Accesses::from([("/health".to_owned(), open)]);
        let status = |path, method| {
            let refused = access(&accesses, path, &method).unwrap_err();
            refused.into_response().status().as_u16()
        };
        assert_eq!(
            access(&accesses, "/health", &Method::HEAD).unwrap(),
            Access::Anybody
        );
        assert_eq!(status("/health", Method::POST), 405);
        assert_eq!(status("/forgotten", Method::GET), 500);
    }
}
