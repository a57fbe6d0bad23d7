//! Lines of waiting callers and their rules.

use axum::{Json, extract::State, http::StatusCode};
use engine::acd::Input;
use model::{AnswerOn, NoAgents, Overflow, Queue, QueueId, SkillRequirement, Strategy};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Api, JsonBody, Page, PageQuery, Params, Segments, created, created::Created};
use crate::problem::{Problem, ProblemBody};

/// What may be set of a queue. What is left out has its usual value, on a replacement too.
#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct QueueFields {
    /// The word in `Stasis(cordboard,NAME)`: lower-case letters, digits, `-` and `_`.
    #[schema(required, max_length = 100)]
    name: String,
    /// For people; the name unless told.
    #[schema(max_length = 100)]
    display_name: Option<String>,
    #[schema(default = "longest_idle")]
    strategy: Strategy,
    /// Queues of higher priority are served first when an agent belongs to several.
    #[schema(default = 0)]
    priority: i32,
    /// How long one offer rings.
    #[schema(minimum = 1, maximum = 600, default = 20)]
    ring_seconds: u32,
    /// Time for notes after a call; 0 means none.
    #[schema(maximum = 86_400, default = 30)]
    wrap_up_seconds: u32,
    /// How long an agent who missed an offer gets no other; `null`: until the agent says so. 60 unless told.
    #[schema(maximum = 86_400)]
    no_answer_seconds: Option<u32>,
    /// `null`: no limit. 300 unless told.
    #[schema(minimum = 1, maximum = 86_400)]
    max_wait_seconds: Option<u32>,
    /// The most callers that may wait; `null`: no limit. 50 unless told.
    #[schema(minimum = 1, maximum = 1_000_000)]
    max_size: Option<u32>,
    #[schema(default = "wait")]
    no_agents: NoAgents,
    /// Where a caller goes who cannot be served here; hung up unless told.
    overflow: Overflow,
    #[schema(default = "queue")]
    answer_on: AnswerOn,
    /// A class of `musiconhold.conf`.
    #[schema(default = "default")]
    music_class: String,
    /// IANA name; "today" of the queue's figures.
    #[schema(default = "UTC")]
    time_zone: String,
    required_skills: Vec<SkillRequirement>,
    /// The wait that still counts as good service.
    #[schema(minimum = 1, maximum = 86_400, default = 20)]
    service_level_seconds: u32,
    /// Whether members may pick calls out of the line that ring nobody's phone yet.
    #[schema(default = false)]
    pick_up_waiting: bool,
    #[schema(default = true)]
    active: bool,
}

impl Default for QueueFields {
    fn default() -> Self {
        let usual = Queue::new(QueueId(Uuid::nil()), "");
        Self {
            name: usual.name,
            display_name: None,
            strategy: usual.strategy,
            priority: usual.priority,
            ring_seconds: usual.ring_seconds,
            wrap_up_seconds: usual.wrap_up_seconds,
            no_answer_seconds: usual.no_answer_seconds,
            max_wait_seconds: usual.max_wait_seconds,
            max_size: usual.max_size,
            no_agents: usual.no_agents,
            overflow: usual.overflow,
            answer_on: usual.answer_on,
            music_class: usual.music_class,
            time_zone: usual.time_zone,
            required_skills: usual.required_skills,
            service_level_seconds: usual.service_level_seconds,
            pick_up_waiting: usual.pick_up_waiting,
            active: usual.active,
        }
    }
}

impl QueueFields {
    pub(super) fn into_queue(self, id: QueueId) -> Result<Queue, Problem> {
        let queue = Queue {
            id,
            display_name: self.display_name.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            strategy: self.strategy,
            priority: self.priority,
            ring_seconds: self.ring_seconds,
            wrap_up_seconds: self.wrap_up_seconds,
            no_answer_seconds: self.no_answer_seconds,
            max_wait_seconds: self.max_wait_seconds,
            max_size: self.max_size,
            no_agents: self.no_agents,
            overflow: self.overflow,
            answer_on: self.answer_on,
            music_class: self.music_class,
            time_zone: self.time_zone,
            required_skills: self.required_skills,
            service_level_seconds: self.service_level_seconds,
            pick_up_waiting: self.pick_up_waiting,
            active: self.active,
        };
        queue.check()?;
        Ok(queue)
    }
}

/// Queues by name.
#[utoipa::path(
    get,
    path = "/v1/queues",
    operation_id = "queues_list",
    tag = "queues",
    params(PageQuery),
    responses((status = 200, description = "A page of queues", body = Page<Queue>))
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Params(page): Params<PageQuery>,
) -> Result<Json<Page<Queue>>, Problem> {
    let limit = page.limit()?;
    let queues = api.app.store.queues();
    let queues = queues.list(page.after()?, limit + 1).await?;
    Ok(Json(Page::of(queues, limit, |queue| queue.name.clone())))
}

/// Make a queue.
#[utoipa::path(
    post,
    path = "/v1/queues",
    operation_id = "queues_create",
    tag = "queues",
    request_body = QueueFields,
    responses(
        (status = 201, description = "Made", body = Queue, headers(("Location" = String))),
        (status = 409, description = "The name is taken", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn create(
    State(api): State<Api>,
    JsonBody(fields): JsonBody<QueueFields>,
) -> Result<Created<Queue>, Problem> {
    let (at, random) = api.app.clock.id();
    let queue = fields.into_queue(QueueId::new(at, random))?;
    let _turn = api.set_up.lock().await;
    api.app.store.queues().create(&queue).await?;
    api.app.realtime.set_queue(&queue);
    api.app.acd.tell(Input::QueueSet(queue.clone())).await;
    Ok(created(format!("/v1/queues/{}", queue.id), queue))
}

/// One queue.
#[utoipa::path(
    get,
    path = "/v1/queues/{id}",
    operation_id = "queues_show",
    tag = "queues",
    params(("id" = QueueId, Path)),
    responses((status = 200, description = "The queue", body = Queue))
)]
pub(crate) async fn show(
    State(api): State<Api>,
    Segments(id): Segments<QueueId>,
) -> Result<Json<Queue>, Problem> {
    let queue = api.app.store.queues().get(id).await?;
    queue.map(Json).ok_or_else(|| Problem::not_found("queue"))
}

/// Replace a queue's rules. They hold at once, for callers who wait too.
#[utoipa::path(
    put,
    path = "/v1/queues/{id}",
    operation_id = "queues_replace",
    tag = "queues",
    params(("id" = QueueId, Path)),
    request_body = QueueFields,
    responses((status = 200, description = "Replaced", body = Queue))
)]
pub(crate) async fn replace(
    State(api): State<Api>,
    Segments(id): Segments<QueueId>,
    JsonBody(fields): JsonBody<QueueFields>,
) -> Result<Json<Queue>, Problem> {
    let queue = fields.into_queue(id)?;
    let _turn = api.set_up.lock().await;
    api.app.store.queues().update(&queue).await?;
    api.app.realtime.set_queue(&queue);
    api.app.acd.tell(Input::QueueSet(queue.clone())).await;
    Ok(Json(queue))
}

/// Remove a queue with its members. Refused while numbers, other queues, the dialplan or the default lead to it.
#[utoipa::path(
    delete,
    path = "/v1/queues/{id}",
    operation_id = "queues_delete",
    tag = "queues",
    params(("id" = QueueId, Path)),
    responses(
        (status = 204, description = "Removed"),
        (status = 409, description = "Something leads to it", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(id): Segments<QueueId>,
) -> Result<StatusCode, Problem> {
    let _turn = api.set_up.lock().await;
    super::dialplan_contexts::refuse_queue_in_use(&api, id)?;
    api.app.store.queues().delete(id).await?;
    api.app.realtime.remove_queue(id);
    api.app.acd.tell(Input::QueueRemoved(id)).await;
    Ok(StatusCode::NO_CONTENT)
}
