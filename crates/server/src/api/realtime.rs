//! What Asterisk asks by `res_config_curl`. Not for people: it is not in the document.

use axum::{
    extract::{FromRequest as _, Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::ServerId;

use super::Api;
use crate::{extract::FormBody, realtime::Verb};

/// The longest name of a table that is written to the log.
const MAX_NAME: usize = 64;

/// A row, rows, or nothing. Whatever is wrong, the body has nothing that Asterisk would take for a row.
pub(crate) async fn ask(
    State(api): State<Api>,
    Path((family, verb)): Path<(String, String)>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    // Whoever is not known is not read either.
    let Some(server) = asker(&api, &headers) else {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"realtime\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    };
    let body = FormBody::from_request(request, &api).await;
    let (Some(verb), Ok(FormBody(body))) = (Verb::read(&verb), body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    match api.app.realtime.answer(server, &family, verb, &body) {
        Ok(answer) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
            (kind, answer).into_response()
        }
        Err(why) => {
            let family = model::visible(&family, MAX_NAME);
            tracing::warn!(%server, family, why, "a realtime question is not understood");
            StatusCode::OK.into_response()
        }
    }
}

/// Which of our servers asks: user and password, as the address in `extconfig.conf` has them.
fn asker(api: &Api, headers: &HeaderMap) -> Option<ServerId> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (server, password) = decoded.split_once(':')?;
    let server = server.parse().ok()?;
    let is_known = api.app.realtime.knows(&api.app.vault, server, password);
    is_known.then_some(server)
}
