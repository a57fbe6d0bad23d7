//! Reports that are sent by the calendar.

use axum::{Json, extract::State, http::StatusCode};
use model::{
    Cadence, Delivery, RecipientId, ReportFormat, ReportOptions, ReportPeriod, ReportSchedule,
    ReportScheduleId, Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{DeliveryFilter, KeptSchedule};
use utoipa::ToSchema;

use super::{
    Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created, deliveries,
};
use crate::{
    deliveries::{Content, ReportContent, Telling, question, timetable},
    problem::{Problem, ProblemBody},
    reports::ReportKind,
};

/// What may be set of a schedule. What is left out has its usual value, on a replacement too.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleFields {
    /// For people; mail has it as its subject.
    #[schema(max_length = 100)]
    name: String,
    /// As in `/v1/reports/{report}`.
    report: String,
    #[serde(default)]
    options: ReportOptions,
    period: ReportPeriod,
    #[serde(default = "xlsx")]
    #[schema(default = "xlsx")]
    format: ReportFormat,
    cadence: Cadence,
    /// The time of the day, such as `07:30`. Where clocks are changed, it is still once on each day.
    at: String,
    /// Of that time and of the report's days: an IANA name; that of `[statistics]` unless told.
    time_zone: Option<String>,
    /// 1 to 50 of `/v1/recipients`.
    recipients: Vec<RecipientId>,
    #[serde(default = "yes")]
    #[schema(default = true)]
    active: bool,
}

fn xlsx() -> ReportFormat {
    ReportFormat::Xlsx
}

fn yes() -> bool {
    true
}

/// A schedule, and when it is due.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduleView {
    #[serde(flatten)]
    schedule: ReportSchedule,
    /// `null` while it is not active.
    next_due_at: Option<Timestamp>,
}

/// What was put into the outbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Planned {
    items: Vec<Delivery>,
}

impl ScheduleFields {
    /// Checked: it can be made of what is known now.
    async fn into_schedule(
        self,
        id: ReportScheduleId,
        api: &Api,
    ) -> Result<ReportSchedule, Problem> {
        let home = api.app.cdr.home().iana_name().unwrap_or("UTC");
        let schedule = ReportSchedule {
            id,
            name: self.name,
            report: self.report,
            options: self.options,
            period: self.period,
            format: self.format,
            cadence: self.cadence,
            at: self.at,
            time_zone: self.time_zone.unwrap_or_else(|| home.to_owned()),
            recipients: self.recipients,
            active: self.active,
        };
        schedule.check()?;
        check_report(&schedule, api)?;
        for recipient in &schedule.recipients {
            if api.app.store.recipients().get(*recipient).await?.is_none() {
                let detail = format!("recipients has {recipient}, who does not exist.");
                return Err(Problem::field("recipients", detail));
            }
        }
        Ok(schedule)
    }
}

/// Whether its report can be made of what is known now.
fn check_report(schedule: &ReportSchedule, api: &Api) -> Result<(), Problem> {
    let kind = ReportKind::read(&schedule.report).ok_or_else(|| {
        let known = ReportKind::ALL.map(ReportKind::id).join(", ");
        Problem::field("report", format!("report is none of {known}."))
    })?;
    let table = timetable(schedule).ok_or_else(|| {
        let detail = "time_zone is no time zone; write a name such as Europe/Bratislava or UTC.";
        Problem::field("time_zone", detail)
    })?;
    let now = api.app.clock.now().utc;
    let question = question(schedule, &table, table.latest(now).unwrap_or(now));
    let question = question.ok_or_else(|| Problem::field("period", "period is none now."))?;
    api.app.reports.check(kind, &question).map_err(|unmade| {
        let problem = Problem::from(unmade);
        [
            ("interval", "options.interval"),
            ("compare", "options.compare"),
            ("short_call_seconds", "options.short_call_seconds"),
            ("service_level_seconds", "options.service_level_seconds"),
            ("short_abandon_seconds", "options.short_abandon_seconds"),
            ("only", "options.only"),
        ]
        .iter()
        .fold(problem, |problem, (from, to)| problem.renamed(from, to))
    })?;
    Ok(())
}

fn view(schedule: ReportSchedule, now: Timestamp) -> ScheduleView {
    let table = timetable(&schedule).filter(|_| schedule.active);
    ScheduleView {
        next_due_at: table.and_then(|table| table.next(now)),
        schedule,
    }
}

/// Schedules by name.
#[utoipa::path(
    get,
    path = "/v1/report-schedules",
    operation_id = "report_schedules_list",
    tag = "report-schedules",
    params(PageQuery),
    responses((status = 200, description = "A page of schedules", body = Page<ScheduleView>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<ScheduleView>>, Problem> {
    let limit = page.limit()?;
    let now = api.app.clock.now().utc;
    let schedules = api.app.store.report_schedules();
    let schedules = schedules.list(page.after()?, limit + 1).await?;
    let schedules = schedules.into_iter().map(|kept| view(kept.schedule, now));
    let name = |view: &ScheduleView| view.schedule.name.clone();
    Ok(Json(Page::of(schedules.collect(), limit, name)))
}

/// Make a schedule. It is due from now on. There may be 200.
#[utoipa::path(
    post,
    path = "/v1/report-schedules",
    operation_id = "report_schedules_create",
    tag = "report-schedules",
    request_body = ScheduleFields,
    responses(
        (status = 201, description = "Made", body = ScheduleView, headers(("Location" = String))),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<ScheduleFields>,
) -> Result<Created<ScheduleView>, Problem> {
    let (now, random) = api.app.clock.id();
    let id = ReportScheduleId::new(now, random);
    let kept = KeptSchedule {
        schedule: fields.into_schedule(id, &api).await?,
        planned_until: now,
    };
    api.app.store.report_schedules().create(&kept).await?;
    api.app.deliveries.plan_anew();
    let location = format!("/v1/report-schedules/{id}");
    Ok(created(location, view(kept.schedule, now)))
}

/// One schedule.
#[utoipa::path(
    get,
    path = "/v1/report-schedules/{id}",
    operation_id = "report_schedules_show",
    tag = "report-schedules",
    params(("id" = ReportScheduleId, Path)),
    responses((status = 200, description = "The schedule", body = ScheduleView))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<ReportScheduleId>,
) -> Result<Json<ScheduleView>, Problem> {
    let kept = found(&api, id).await?;
    Ok(Json(view(kept.schedule, api.app.clock.now().utc)))
}

/// Replace a schedule. With another timetable, or active again, it is due from now on.
#[utoipa::path(
    put,
    path = "/v1/report-schedules/{id}",
    operation_id = "report_schedules_replace",
    tag = "report-schedules",
    params(("id" = ReportScheduleId, Path)),
    request_body = ScheduleFields,
    responses((status = 200, description = "Replaced", body = ScheduleView))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<ReportScheduleId>,
    JsonBody(fields): JsonBody<ScheduleFields>,
) -> Result<Json<ScheduleView>, Problem> {
    let schedule = fields.into_schedule(id, &api).await?;
    let _turn = api.set_up.lock().await;
    let before = found(&api, id).await?;
    let now = api.app.clock.now().utc;
    let timing = |one: &ReportSchedule| {
        (
            one.cadence,
            one.at.clone(),
            one.time_zone.clone(),
            one.active,
        )
    };
    let planned_until = if timing(&before.schedule) == timing(&schedule) {
        before.planned_until
    } else {
        now
    };
    let kept = KeptSchedule {
        schedule,
        planned_until,
    };
    api.app.store.report_schedules().update(&kept).await?;
    api.app.deliveries.plan_anew();
    Ok(Json(view(kept.schedule, now)))
}

/// Remove a schedule. What waits of it is given up; its deliveries stay in the log.
#[utoipa::path(
    delete,
    path = "/v1/report-schedules/{id}",
    operation_id = "report_schedules_delete",
    tag = "report-schedules",
    params(("id" = ReportScheduleId, Path)),
    responses((status = 204, description = "Removed"))
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<ReportScheduleId>,
) -> Result<StatusCode, Problem> {
    let now = api.app.clock.now().utc;
    api.app.store.report_schedules().delete(id, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a report now, besides its timetable: of the period that it would have if it were due now.
#[utoipa::path(
    post,
    path = "/v1/report-schedules/{id}/run",
    operation_id = "report_schedules_run",
    tag = "report-schedules",
    params(("id" = ReportScheduleId, Path)),
    responses(
        (status = 202, description = "On its way", body = Planned),
        (status = 429, description = "Too many deliveries wait for a recipient", body = ProblemBody, content_type = "application/problem+json", headers(("Retry-After" = u64))),
    )
)]
pub(crate) async fn run(
    State(api): State<Api>,
    Segments(id): Segments<ReportScheduleId>,
) -> Result<(StatusCode, Json<Planned>), Problem> {
    let schedule = found(&api, id).await?.schedule;
    let due_at = api.app.clock.now().utc;
    let content = timetable(&schedule)
        .and_then(|table| ReportContent::of(&schedule, &table, due_at))
        .ok_or_else(|| Problem::field("id", "id is of a schedule that means no time now."))?;
    let told = Telling {
        source: format!("run:{id}"),
        schedule: Some(id),
        due_at,
        late: false,
        content: &Content::Report(content),
    };
    let recipients = api.app.store.report_schedules().recipients_of(id).await?;
    let items = api.app.deliveries.tell(&told, &recipients).await?;
    Ok((StatusCode::ACCEPTED, Json(Planned { items })))
}

/// Deliveries of a schedule, newest first; of one that was removed, too.
#[utoipa::path(
    get,
    path = "/v1/report-schedules/{id}/deliveries",
    operation_id = "report_schedules_deliveries",
    tag = "report-schedules",
    params(("id" = ReportScheduleId, Path), PageQuery),
    responses((status = 200, description = "A page of deliveries", body = Page<Delivery>))
)]
pub(crate) async fn deliveries_of(
    State(api): State<Api>,
    Segments(id): Segments<ReportScheduleId>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Delivery>>, Problem> {
    let filter = DeliveryFilter {
        schedule: Some(id),
        ..DeliveryFilter::default()
    };
    deliveries::page(&api, filter, page.after()?, Some(page.limit()?)).await
}

async fn found(api: &Api, id: ReportScheduleId) -> Result<KeptSchedule, Problem> {
    let kept = api.app.store.report_schedules().get(id).await?;
    kept.ok_or_else(|| Problem::not_found("report schedule"))
}
