//! The dialplan: what becomes of calls that begin in Asterisk, by context and by what is dialled.
//!
//! Whoever calls in must never call out: no context in which calls of a trunk begin may lead to the telephone network.

use axum::{Json, extract::State, http::StatusCode};
use engine::dialplan::Dialplan;
use model::{
    DialplanAction, DialplanContext, DialplanContextId, DialplanRule, Menu, Overflow, Pattern,
    Queue, QueueId, Trunk, Unanswered,
};
use serde::{Deserialize, Serialize};
use store::{KeptContext, MAX_PAGE};
use utoipa::ToSchema;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::{
    numbers::Numbers,
    problem::{Code, Problem, ProblemBody},
    realtime::{Lines, MAX_CONTEXTS, Question, Simulation, context_of},
};

/// What may be set of a context.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContextFields {
    /// As phones, trunks and other contexts name it: letters, digits, `-`, `_`; not `cordboard-…`.
    #[schema(max_length = 40)]
    name: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
    /// Left out of a new one: calls for help go out, numbers of phones ring them, everything else goes out.
    #[serde(default)]
    #[schema(max_items = 500)]
    rules: Option<Vec<DialplanRule>>,
}

/// A context, and what it is called in Asterisk.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenContext {
    #[serde(flatten)]
    context: DialplanContext,
    /// Where a site's own dialplan sends calls that are to go by these rules: `Goto(cordboard-1,${EXTEN},1)`.
    asterisk_context: String,
}

impl From<KeptContext> for SeenContext {
    fn from(kept: KeptContext) -> Self {
        Self {
            asterisk_context: context_of(kept.slot),
            context: kept.context,
        }
    }
}

impl ContextFields {
    /// Whether a new one would be taken, as far as it says by itself: the usual rules are.
    pub(super) fn checked(mut self, id: DialplanContextId) -> Result<(), Problem> {
        self.rules.get_or_insert_default();
        self.into_context(id).map(drop)
    }

    fn into_context(self, id: DialplanContextId) -> Result<DialplanContext, Problem> {
        let rules = self.rules.ok_or_else(|| {
            Problem::field("rules", "rules is missing: say which rules it is to have.")
        })?;
        let context = DialplanContext {
            id,
            name: self.name,
            note: self.note,
            rules,
        };
        context.check()?;
        Ok(context)
    }
}

/// Help first, phones by their numbers, everything else that looks like a number outside.
fn usual_rules(numbers: Numbers) -> Vec<DialplanRule> {
    let rule = |pattern: &str, action, note: &str| {
        let pattern: Option<Pattern> = pattern.parse().ok();
        let note = note.to_owned();
        pattern.map(|pattern| DialplanRule {
            pattern,
            action,
            note,
        })
    };
    let phone = DialplanAction::Phone {
        number: None,
        ring_seconds: 30,
        unanswered: Unanswered::HangUp,
    };
    let out = DialplanAction::Out {
        strip: 0,
        prepend: String::new(),
        present: None,
    };
    let emergencies = numbers.emergencies();
    let help = emergencies
        .iter()
        .map(|number| rule(number, out.clone(), "Help"));
    let rules = [
        rule("_X.", phone, "Phones"),
        rule("_X.", out.clone(), "The telephone network"),
        rule("_+X.", out.clone(), "The same, with the country code"),
    ];
    help.chain(rules).flatten().collect()
}

/// Contexts by name.
#[utoipa::path(
    get,
    path = "/v1/dialplan/contexts",
    operation_id = "dialplan_contexts_list",
    tag = "dialplan",
    params(PageQuery),
    responses((status = 200, description = "A page of contexts", body = Page<SeenContext>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<SeenContext>>, Problem> {
    let limit = page.limit()?;
    let contexts = api.app.store.dialplan_contexts();
    let contexts = contexts.list(page.after()?, limit + 1).await?;
    let contexts = contexts.into_iter().map(SeenContext::from).collect();
    Ok(Json(Page::of(contexts, limit, |one| {
        one.context.name.clone()
    })))
}

/// Add a context. It holds from the next call on; of phones and trunks that name it already, too.
#[utoipa::path(
    post,
    path = "/v1/dialplan/contexts",
    operation_id = "dialplan_contexts_create",
    tag = "dialplan",
    request_body = ContextFields,
    responses(
        (status = 201, description = "Added", body = SeenContext, headers(("Location" = String))),
        (status = 409, description = "The name is taken, or there are 100", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(mut fields): JsonBody<ContextFields>,
) -> Result<Created<SeenContext>, Problem> {
    let (at, random) = api.app.clock.id();
    let usual = || usual_rules(api.app.numbers);
    fields.rules.get_or_insert_with(usual);
    let context = fields.into_context(DialplanContextId::new(at, random))?;
    let _turn = api.set_up.lock().await;
    let last = api.app.store.dialplan_contexts().last_slot().await?;
    let slot = api.app.realtime.free_slot(last).ok_or_else(|| {
        let detail = format!("There are {MAX_CONTEXTS} contexts already.");
        Problem::new(Code::Conflict, detail).about("name")
    })?;
    let kept = KeptContext { context, slot };
    refuse(&api, &kept.context, None).await?;
    let lines = lines_of(&api, &kept.context.name).await?;
    api.app.store.dialplan_contexts().create(&kept).await?;
    take_over(&api, &kept, &lines);
    let location = format!("/v1/dialplan/contexts/{}", kept.context.id);
    Ok(created(location, kept.into()))
}

/// One context.
#[utoipa::path(
    get,
    path = "/v1/dialplan/contexts/{id}",
    operation_id = "dialplan_contexts_show",
    tag = "dialplan",
    params(("id" = DialplanContextId, Path)),
    responses((status = 200, description = "The context", body = SeenContext))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<DialplanContextId>,
) -> Result<Json<SeenContext>, Problem> {
    let kept = api.app.store.dialplan_contexts().get(id).await?;
    Ok(Json(kept.ok_or_else(not_found)?.into()))
}

/// Replace a context with all its rules. They hold from the next call on. Another name is refused while anything begins or leads there.
#[utoipa::path(
    put,
    path = "/v1/dialplan/contexts/{id}",
    operation_id = "dialplan_contexts_replace",
    tag = "dialplan",
    params(("id" = DialplanContextId, Path)),
    request_body = ContextFields,
    responses((status = 200, description = "Replaced", body = SeenContext))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<DialplanContextId>,
    JsonBody(fields): JsonBody<ContextFields>,
) -> Result<Json<SeenContext>, Problem> {
    let context = fields.into_context(id)?;
    let _turn = api.set_up.lock().await;
    let before = api.app.store.dialplan_contexts().get(id).await?;
    let before = before.ok_or_else(not_found)?;
    let is_renamed = before.context.name != context.name;
    if is_renamed {
        refuse_while_used(&api, &before.context.name, "name").await?;
    }
    refuse(&api, &context, Some(&before.context.name)).await?;
    let slot = before.slot;
    let kept = KeptContext { context, slot };
    // One that the database has and we do not know is there when the answer to its making was lost.
    let is_known = api.app.realtime.dialplan(|it| it.has(&kept.context.name));
    let lines = if is_known {
        Lines::default()
    } else {
        lines_of(&api, &kept.context.name).await?
    };
    api.app.store.dialplan_contexts().update(&kept).await?;
    take_over(&api, &kept, &lines);
    Ok(Json(kept.into()))
}

/// Remove a context. Refused while calls of phones or trunks begin there, or another context leads there.
#[utoipa::path(
    delete,
    path = "/v1/dialplan/contexts/{id}",
    operation_id = "dialplan_contexts_delete",
    tag = "dialplan",
    params(("id" = DialplanContextId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, description = "Something begins or leads there", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<DialplanContextId>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    let contexts = api.app.store.dialplan_contexts();
    let before = contexts.get(id).await?.ok_or_else(not_found)?;
    refuse_while_used(&api, &before.context.name, "id").await?;
    contexts.delete(id).await?;
    api.app.realtime.remove_context(id);
    Ok(StatusCode::NO_CONTENT)
}

/// What would become of a call, and why: every rule that is looked at, and where the call ends up. Nothing is called.
#[utoipa::path(
    post,
    path = "/v1/dialplan/simulate",
    operation_id = "dialplan_simulate",
    tag = "dialplan",
    request_body = Question,
    responses((status = 200, description = "The path", body = Simulation))
)]
pub(crate) async fn simulate(
    State(api): State<Api>,
    JsonBody(question): JsonBody<Question>,
) -> Result<Json<Simulation>, Problem> {
    Ok(Json(api.app.realtime.simulate(&question)?))
}

fn not_found() -> Problem {
    Problem::not_found("context")
}

/// What could not work, or could cost money.
async fn refuse(api: &Api, context: &DialplanContext, before: Option<&str>) -> Result<(), Problem> {
    let mut next = api.app.realtime.dialplan(Dialplan::clone);
    if let Some(before) = before {
        next.remove(before);
    }
    next.set(context);
    for (at, rule) in context.rules.iter().enumerate() {
        let refused = |why: &str| {
            let detail = format!("rules entry {} ({}) {why}.", at + 1, rule.pattern);
            Err(Problem::field("rules", detail))
        };
        match &rule.action {
            DialplanAction::GoTo { context } | DialplanAction::Menu(Menu { context, .. })
                if !next.has(context) =>
            {
                return refused(&format!("leads to {context}, which is no context here"));
            }
            DialplanAction::Queue { queue } if !is_queue(api, *queue).await? => {
                return refused("leads to a queue that does not exist");
            }
            _ => {}
        }
    }
    if let Some(circle) = next.circle(&context.name) {
        let circle = circle.join(" → ");
        let detail = format!(
            "rules would lead calls in a circle: {circle} → {}.",
            context.name
        );
        return Err(Problem::field("rules", detail));
    }
    refuse_did_out(&next, "rules")?;
    let mut after: Option<String> = None;
    loop {
        let trunks = api.app.store.trunks();
        let page = trunks.list(after.as_deref(), MAX_PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.trunk.name.clone());
        for kept in &page {
            refuse_way_out(&next, &kept.trunk, "rules")?;
        }
    }
}

async fn is_queue(api: &Api, queue: QueueId) -> Result<bool, Problem> {
    Ok(api.app.store.queues().get(queue).await?.is_some())
}

/// Whoever calls in through a trunk could call out at our cost.
fn refuse_way_out(dialplan: &Dialplan, trunk: &Trunk, field: &str) -> Result<(), Problem> {
    let Some(way) = dialplan.way_out(&trunk.context) else {
        return Ok(());
    };
    let (name, way) = (&trunk.name, way.join(" → "));
    let detail = format!(
        "{field} would let whoever calls in through trunk {name} call out, at your cost: {way} leads to the telephone network."
    );
    Err(Problem::field(field, detail))
}

/// The same of whoever calls one of our numbers.
pub(super) fn refuse_did_out(dialplan: &Dialplan, field: &'static str) -> Result<(), Problem> {
    let Some((did, way)) = dialplan.did_out() else {
        return Ok(());
    };
    let (number, way) = (&did.number, way.join(" → "));
    let detail = format!(
        "{field} would let whoever calls {number} call out, at your cost: {way} leads to the telephone network."
    );
    Err(Problem::field(field, detail))
}

/// The same, where the trunk is what changes.
pub(super) fn refuse_trunks_way_out(api: &Api, trunk: &Trunk) -> Result<(), Problem> {
    let look = |dialplan: &Dialplan| refuse_way_out(dialplan, trunk, "context");
    api.app.realtime.dialplan(look)
}

/// A queue that rules lead to stays.
pub(super) fn refuse_queue_in_use(api: &Api, queue: QueueId) -> Result<(), Problem> {
    let look = |dialplan: &Dialplan| dialplan.leads_to_queue(queue).map(str::to_owned);
    match api.app.realtime.dialplan(look) {
        None => Ok(()),
        Some(context) => {
            let detail = format!("Rules of context {context} of the dialplan lead to it.");
            Err(Problem::new(Code::InUse, detail).about("id"))
        }
    }
}

async fn refuse_while_used(api: &Api, name: &str, field: &str) -> Result<(), Problem> {
    let leads = |dialplan: &Dialplan| dialplan.leads_to(name).map(str::to_owned);
    let led_by = |dialplan: &Dialplan| dialplan.did_into(name).map(|did| did.number.clone());
    let who = if api.app.store.extensions().any_in(name).await? {
        "calls of phones begin there".to_owned()
    } else if api.app.store.trunks().any_in(name).await? {
        "calls of a trunk begin there".to_owned()
    } else if let Some(other) = api.app.realtime.dialplan(leads) {
        format!("context {other} leads there")
    } else if let Some(number) = api.app.realtime.dialplan(led_by) {
        format!("number {number} leads there")
    } else if let Some(queue) = overflowing_into(api, name).await? {
        format!("queue {queue} overflows into it")
    } else {
        return Ok(());
    };
    let detail = format!("Context {name} is in use: {who}.");
    Err(Problem::new(Code::InUse, detail).about(field))
}

async fn overflowing_into(api: &Api, context: &str) -> Result<Option<String>, Problem> {
    let leads_there =
        |queue: &Queue| matches!(&queue.overflow, Overflow::Dialplan(to) if to.context == context);
    let mut after: Option<String> = None;
    loop {
        let queues = api.app.store.queues();
        let page = queues.list(after.as_deref(), MAX_PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        after = Some(last.name.clone());
        if let Some(queue) = page.into_iter().find(leads_there) {
            return Ok(Some(queue.name));
        }
    }
}

/// Phones and trunks that name it already, while it is the site's own.
async fn lines_of(api: &Api, name: &str) -> Result<Lines, Problem> {
    let store = &api.app.store;
    if store.extensions().any_in(name).await? || store.trunks().any_in(name).await? {
        return Ok(Lines::read(store, &api.app.vault).await?);
    }
    Ok(Lines::default())
}

/// From now on the context is so, and these lines begin here. Nothing of this can fail, so that no line stays behind.
fn take_over(api: &Api, kept: &KeptContext, lines: &Lines) {
    api.app.realtime.set_context(kept);
    if !lines.is_empty() {
        api.app.realtime.set_lines(lines);
        api.app.provisioner.forget_all();
    }
}
