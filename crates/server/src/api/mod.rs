//! The HTTP interface: one noun, one file, with its shapes; and one table that says which roles may use which route.
//!
//! Handlers read the store, ask the engine, and say what they did. They decide nothing about calls. A change is written to
//! the store first and told to the engine second, so a change that is live is never lost.

mod agent_phones;
mod agent_states;
mod agents;
mod alarms;
mod api_keys;
mod call_control;
mod call_file;
mod call_statistics;
mod caller_ids;
mod calls;
mod cdr_sources;
mod centre;
mod centre_check;
mod created;
mod deliveries;
mod dialplan_contexts;
mod dids;
mod docs;
mod extension_imports;
mod extensions;
mod extensions_file;
mod found_calls_file;
mod guard;
mod health;
mod live;
mod members;
mod metrics;
mod originate;
mod page;
mod parking;
mod placing;
mod queues;
mod realtime;
mod recipients;
mod reconciliations;
mod report_calls;
mod report_schedules;
mod reports;
mod rotation;
mod sentence;
mod servers;
mod session;
mod settings;
mod trace;
mod trunk_checks;
mod trunks;
mod users;

use axum::{Router, routing::post};
use model::Role;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa_axum::routes;

pub(crate) use created::created;
pub(crate) use metrics::{install as install_metrics, keep_up};
pub(crate) use page::{Page, PageQuery};

use crate::{app::App, auth::AuthConfig, openapi::frame, web, ws};
use crate::{
    extract::{FormBody, JsonBody, Params, Segments},
    state::Api,
};
use guard::{Access, Table};

/// Whoever asks.
const ANYBODY: Access = Access::Anybody;
/// Whoever has a valid session or key.
const EVERYBODY: Access = Access::Roles(&Role::ALL);
/// Whoever can have a session; programs have keys.
const PEOPLE: Access = Access::Roles(&[Role::Administrator, Role::Supervisor, Role::Agent]);
/// People with a session or a key that may look after the whole centre.
const STAFF: Access = Access::Roles(&[Role::Administrator, Role::Supervisor, Role::Service]);
/// The same, of a page for browsers.
const STAFF_PAGE: Access = Access::Page(&[Role::Administrator, Role::Supervisor, Role::Service]);
/// The same, and programs that have the token of call statistics.
const STAFF_OR_TOKEN: Access =
    Access::Token(&[Role::Administrator, Role::Supervisor, Role::Service]);
/// Who answers for its figures.
const SUPERVISORS: Access = Access::Roles(&[Role::Administrator, Role::Supervisor]);
/// Who sets the centre up.
const ADMINISTRATORS: Access = Access::Roles(&[Role::Administrator]);

/// Those of who may do what, and of what the centre is made of.
fn with_set_up(table: Table) -> Table {
    table
        // What monitors and newcomers need before they have a key.
        .to(ANYBODY, routes!(health::show))
        .to(ANYBODY, routes!(docs::document))
        .to(ANYBODY, routes!(docs::page))
        .to(STAFF, routes!(metrics::show))
        // Logging in and out.
        .to(ANYBODY, routes!(session::log_in))
        .to(PEOPLE, routes!(session::show))
        .to(PEOPLE, routes!(session::log_out))
        .to(PEOPLE, routes!(session::change_password))
        // Who may do what.
        .to(ADMINISTRATORS, routes!(users::list, users::create))
        .to(
            ADMINISTRATORS,
            routes!(users::show, users::replace, users::delete),
        )
        .to(ADMINISTRATORS, routes!(users::set_password))
        .to(ADMINISTRATORS, routes!(api_keys::list, api_keys::create))
        .to(ADMINISTRATORS, routes!(api_keys::show, api_keys::revoke))
        // What the centre is made of.
        .to(STAFF, routes!(agents::list))
        .to(ADMINISTRATORS, routes!(agents::create))
        .to(STAFF, routes!(agents::show))
        .to(ADMINISTRATORS, routes!(agents::replace, agents::delete))
        .to(EVERYBODY, routes!(agents::set_state))
        .to(EVERYBODY, routes!(agent_phones::take))
        .to(EVERYBODY, routes!(agent_states::list))
        .to(STAFF, routes!(queues::list))
        .to(ADMINISTRATORS, routes!(queues::create))
        .to(STAFF, routes!(queues::show))
        .to(ADMINISTRATORS, routes!(queues::replace, queues::delete))
        .to(STAFF, routes!(members::list))
        .to(ADMINISTRATORS, routes!(members::set, members::remove))
        .to(STAFF, routes!(dids::list))
        .to(ADMINISTRATORS, routes!(dids::create))
        .to(STAFF, routes!(dids::show))
        .to(ADMINISTRATORS, routes!(dids::replace, dids::delete))
        .to(STAFF, routes!(extensions::list))
        .to(ADMINISTRATORS, routes!(extensions::create))
        .to(ADMINISTRATORS, routes!(extensions::create_range))
        .to(STAFF, routes!(extensions_file::export))
        .to(ADMINISTRATORS, routes!(extension_imports::import))
        .to(STAFF, routes!(extension_imports::list))
        .to(STAFF, routes!(extension_imports::show))
        .to(ADMINISTRATORS, routes!(extension_imports::undo))
        .to(STAFF, routes!(extensions::show))
        .to(
            ADMINISTRATORS,
            routes!(extensions::replace, extensions::delete),
        )
        .to(ADMINISTRATORS, routes!(extensions::renew_secret))
        .to(STAFF, routes!(trunks::list))
        .to(ADMINISTRATORS, routes!(trunks::create))
        .to(STAFF, routes!(trunks::explain))
        .to(ADMINISTRATORS, routes!(trunk_checks::check))
        .to(STAFF, routes!(trunk_checks::list))
        .to(STAFF, routes!(trunks::show))
        .to(ADMINISTRATORS, routes!(trunks::replace, trunks::delete))
        .to(STAFF, routes!(dialplan_contexts::list))
        .to(ADMINISTRATORS, routes!(dialplan_contexts::create))
        .to(STAFF, routes!(dialplan_contexts::show))
        .to(
            ADMINISTRATORS,
            routes!(dialplan_contexts::replace, dialplan_contexts::delete),
        )
        .to(STAFF, routes!(dialplan_contexts::simulate))
        .to(ADMINISTRATORS, routes!(servers::list, servers::create))
        .to(
            ADMINISTRATORS,
            routes!(servers::show, servers::replace, servers::delete),
        )
        .to(ADMINISTRATORS, routes!(servers::take_over))
        .to(ADMINISTRATORS, routes!(servers::check))
        .to(ADMINISTRATORS, routes!(centre::list, centre::create))
        .to(ADMINISTRATORS, routes!(centre::show))
        .to(ADMINISTRATORS, routes!(centre::finish))
        .to(ADMINISTRATORS, routes!(centre_check::check))
        .to(STAFF, routes!(settings::show))
        .to(ADMINISTRATORS, routes!(settings::replace))
}

/// Those of the numbers that outbound calls present.
fn with_caller_ids(table: Table) -> Table {
    table
        .to(STAFF, routes!(caller_ids::list))
        .to(ADMINISTRATORS, routes!(caller_ids::create))
        .to(STAFF, routes!(caller_ids::show))
        .to(
            ADMINISTRATORS,
            routes!(caller_ids::replace, caller_ids::delete),
        )
        .to(ADMINISTRATORS, routes!(caller_ids::bulk))
        .to(ADMINISTRATORS, routes!(caller_ids::import))
        .to(STAFF, routes!(caller_ids::imports_list))
        .to(STAFF, routes!(caller_ids::imports_show))
        .to(ADMINISTRATORS, routes!(caller_ids::imports_undo))
        .to(STAFF, routes!(caller_ids::explain))
        .to(STAFF, routes!(caller_ids::return_call))
        .to(STAFF, routes!(caller_ids::numbers))
        .to(STAFF, routes!(caller_ids::campaigns))
        .to(STAFF, routes!(caller_ids::uses))
        .to(STAFF, routes!(caller_ids::rules_list))
        .to(
            ADMINISTRATORS,
            routes!(caller_ids::rules_set, caller_ids::rules_remove),
        )
        // The same, as dialplans and dashboards asked for it before.
        .to(ANYBODY, routes!(rotation::next))
        .to(ANYBODY, routes!(rotation::next_text))
        .to(ANYBODY, routes!(rotation::ended))
        .to(ADMINISTRATORS, routes!(rotation::add))
        .to(STAFF, routes!(rotation::release))
        .to(STAFF, routes!(rotation::stats))
        .to(STAFF_PAGE, routes!(rotation::dashboard))
}

/// Those of figures over calls, and of who is told of them.
fn with_figures(table: Table) -> Table {
    table
        // Figures of call detail records, as they were asked for before.
        .to(STAFF_OR_TOKEN, routes!(call_statistics::callstat))
        .to(STAFF_OR_TOKEN, routes!(call_statistics::asrstat))
        // Figures over calls.
        .to(STAFF, routes!(alarms::list))
        .to(STAFF, routes!(reports::list_formulas))
        .to(STAFF, routes!(reports::list_causes))
        .to(STAFF, routes!(report_calls::list))
        .to(STAFF, routes!(reports::show))
        .to(SUPERVISORS, routes!(reconciliations::list))
        .to(SUPERVISORS, routes!(reconciliations::show))
        .to(SUPERVISORS, routes!(reconciliations::run))
        .to(STAFF, routes!(cdr_sources::list))
        // Who is told of them, and what became of that.
        .to(STAFF, routes!(recipients::list))
        .to(ADMINISTRATORS, routes!(recipients::create))
        .to(STAFF, routes!(recipients::show))
        .to(
            ADMINISTRATORS,
            routes!(recipients::replace, recipients::delete),
        )
        .to(ADMINISTRATORS, routes!(recipients::renew_secret))
        .to(ADMINISTRATORS, routes!(recipients::test))
        .to(
            STAFF,
            routes!(report_schedules::list, report_schedules::create),
        )
        .to(
            STAFF,
            routes!(
                report_schedules::show,
                report_schedules::replace,
                report_schedules::delete
            ),
        )
        .to(STAFF, routes!(report_schedules::run))
        .to(STAFF, routes!(report_schedules::deliveries_of))
        .to(STAFF, routes!(deliveries::list))
        .to(STAFF, routes!(deliveries::show))
        .to(STAFF, routes!(deliveries::redeliver))
}

/// The routes and who may use them. A route that does not stand here does not answer.
fn table() -> Table {
    with_figures(with_caller_ids(with_set_up(Table::new(frame()))))
        // What happens.
        .to(EVERYBODY, routes!(live::show))
        .to(EVERYBODY, routes!(calls::list, placing::place))
        .to(EVERYBODY, routes!(calls::show, placing::delete))
        .to(EVERYBODY, routes!(calls::events))
        .to(EVERYBODY, routes!(calls::explain))
        .to(EVERYBODY, routes!(calls::hang_up))
        .to(SUPERVISORS, routes!(trace::show))
        .to(EVERYBODY, routes!(call_control::control))
        .to(EVERYBODY, routes!(call_control::send_digits))
        .to(EVERYBODY, routes!(call_control::consult))
        .to(EVERYBODY, routes!(call_control::transfer))
        .to(EVERYBODY, routes!(parking::list))
        .to(EVERYBODY, routes!(parking::park))
        .to(EVERYBODY, routes!(parking::retrieve))
        .to(EVERYBODY, routes!(parking::pick_up))
        .to(
            SUPERVISORS,
            routes!(
                call_control::watches,
                call_control::watch,
                call_control::unwatch
            ),
        )
        .to(STAFF, routes!(call_control::recording))
        .to(EVERYBODY, routes!(originate::originate))
        .to(EVERYBODY, routes!(ws::follow))
        .to(EVERYBODY, routes!(ws::connect))
}

/// The whole HTTP interface. Event streams end when `stop` is cancelled.
pub fn router(app: App, auth: AuthConfig, stop: CancellationToken) -> Router {
    let (routes, access, document) = table().into_parts();
    let api = Api::new(app, auth, stop, document);
    guard::wrap(routes, access, api.clone())
        .route("/realtime/{family}/{verb}", post(realtime::ask))
        .fallback(web::fallback)
        .layer(CompressionLayer::new())
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(axum::middleware::from_fn(guard::around))
        .with_state(api)
}

/// The description of the interface, as it stands at `/openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    table().into_parts().2
}
