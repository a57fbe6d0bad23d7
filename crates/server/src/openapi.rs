//! What the OpenAPI document says before the routes are added: whose it is, how to log in, what the nouns are.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use crate::problem::{Code, ProblemBody};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cordboard",
        description = "The call centre in one binary, for any Asterisk.\n\nLog in with `POST /v1/session`, or send a key as `Authorization: Bearer`. `x-roles` of each operation says who may use it. Every refusal is an `application/problem+json` with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "session", description = "Logging in and out."),
        (name = "live", description = "The centre as it is now."),
        (name = "events", description = "The event stream: one vocabulary, over WebSocket and server-sent events."),
        (name = "calls", description = "The call log, each call's story, and ending a call."),
        (name = "agents", description = "Who takes calls."),
        (name = "queues", description = "Lines of waiting callers, their rules and their members."),
        (name = "dids", description = "Our own numbers and where a call to them goes."),
        (name = "extensions", description = "The phones that we set up in Asterisk."),
        (name = "trunks", description = "The ways to and from the telephone network that we set up in Asterisk."),
        (name = "dialplan", description = "What becomes of calls that begin in Asterisk, by what is dialled."),
        (name = "servers", description = "The Asterisk servers we drive."),
        (name = "centre", description = "The set-up as one file: what was applied, and what would be refused."),
        (name = "settings", description = "What holds for the whole centre."),
        (name = "recipients", description = "Who is told of reports and alarms, by mail or webhook."),
        (name = "report-schedules", description = "Reports that are sent by the calendar."),
        (name = "deliveries", description = "What was told to whom, and what became of it."),
        (name = "users", description = "Who may log in."),
        (name = "api-keys", description = "Keys for programs."),
        (name = "operation", description = "For monitors and for whoever keeps this running."),
    ),
    components(schemas(ProblemBody, Code)),
    modifiers(&LogIns)
)]
struct Frame;

struct LogIns;

impl Modify for LogIns {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie = ApiKeyValue::with_description(
            "cordboard_session",
            "From POST /v1/session. Changes also need the header X-Cordboard: 1.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key from POST /v1/api-keys."))
            .build();
        components.add_security_scheme("key", SecurityScheme::Http(bearer));
    }
}

/// The document without its routes.
pub(crate) fn frame() -> utoipa::openapi::OpenApi {
    Frame::openapi()
}
