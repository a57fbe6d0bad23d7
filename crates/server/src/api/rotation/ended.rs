//! `POST /next-cid/ended`: a call is over. For a hangup handler that has `CURL()`, which cannot delete.

use std::time::Duration;

use axum::{
    extract::State,
    http::{StatusCode, request::Parts},
};
use engine::callerid::{Outcome, Release};
use model::{E164, ReservationId};
use utoipa::ToSchema;

use super::{
    super::{Api, FormBody},
    next::{destination, refused, trusted},
};
use crate::problem::{Code, Problem, ProblemBody};

/// No call is longer.
const MAX_TALK_SECONDS: u64 = 7 * 86_400;

/// Which call, and what became of it: `reservation_id`, or `caller_id` and `to`.
#[derive(Debug, Default, ToSchema)]
pub(crate) struct EndedForm {
    /// As `/next-cid` gave it.
    reservation_id: Option<String>,
    /// The number that was presented.
    caller_id: Option<String>,
    /// Who was called.
    to: Option<String>,
    /// 1 or 0. Nothing: no call was placed.
    answered: Option<String>,
    /// Whole seconds; 0 unless told.
    talk_seconds: Option<String>,
}

/// What a form names.
enum Which {
    Reservation(ReservationId),
    Call { number: E164, to: E164 },
}

impl EndedForm {
    /// What is empty counts as missing: dialplans send variables that nobody has set.
    fn read(form: &str) -> Self {
        let mut ended = Self::default();
        for (name, value) in form_urlencoded::parse(form.as_bytes()) {
            let place = match &*name {
                "reservation_id" => &mut ended.reservation_id,
                "caller_id" => &mut ended.caller_id,
                "to" => &mut ended.to,
                "answered" => &mut ended.answered,
                "talk_seconds" => &mut ended.talk_seconds,
                _ => continue,
            };
            *place = Some(value.trim().to_owned()).filter(|text| !text.is_empty());
        }
        ended
    }

    fn which(&self, api: &Api) -> Result<Which, Problem> {
        if let Some(id) = &self.reservation_id {
            let unreadable =
                |_| Problem::field("reservation_id", "reservation_id is no reservation's id.");
            return id.parse().map(Which::Reservation).map_err(unreadable);
        }
        let missing = |name| {
            let detail = format!("{name} is missing, and reservation_id too.");
            Problem::new(Code::MissingParameter, detail).about(name)
        };
        let numbers = api.app.numbers;
        let caller_id = self
            .caller_id
            .as_deref()
            .ok_or_else(|| missing("caller_id"))?;
        let to = self.to.as_deref().ok_or_else(|| missing("to"))?;
        let own = numbers.caller_id(caller_id, None);
        let own = own.map_err(|why| Problem::from(why).renamed("number", "caller_id"))?;
        Ok(Which::Call {
            number: own.e164,
            to: destination(numbers, to)?,
        })
    }

    fn outcome(&self) -> Result<Option<Outcome>, Problem> {
        let answered = match self.answered.as_deref() {
            None => return Ok(None),
            Some("0") => false,
            Some("1") => true,
            Some(_) => return Err(Problem::field("answered", "answered is neither 1 nor 0.")),
        };
        let seconds = self.talk_seconds.as_deref().unwrap_or("0").parse::<u64>();
        let no_number = |_| {
            Problem::field(
                "talk_seconds",
                "talk_seconds is no whole number, 0 or more.",
            )
        };
        let talk = Duration::from_secs(seconds.map_err(no_number)?.min(MAX_TALK_SECONDS));
        Ok(Some(Outcome { answered, talk }))
    }
}

/// A call is over: its number is free for the next, and its answer counts for the number's health.
///
/// For whoever may ask `/next-cid`. Without `reservation_id` it is the oldest reservation of that number for that person; a
/// call that was not placed then counts as not answered.
#[utoipa::path(
    post,
    path = "/next-cid/ended",
    operation_id = "rotation_ended",
    tag = "caller-id rotation",
    request_body(content = EndedForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 204, description = "Noted"),
        (status = 400, description = "A parameter cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "The reservation is not open", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is missing", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ended(
    State(api): State<Api>,
    parts: Parts,
    FormBody(form): FormBody,
) -> Result<StatusCode, Problem> {
    trusted(&api, &parts.headers, &parts.extensions).await?;
    let ended = EndedForm::read(&form);
    let outcome = ended.outcome()?;
    let caller_ids = &api.app.caller_ids;
    match ended.which(&api)? {
        Which::Reservation(id) => {
            let why = outcome.map_or(Release::Deleted, |outcome| {
                Release::CallEnded(Some(outcome))
            });
            let released = caller_ids.release(id, why).await;
            if !released.map_err(|why| refused(&api, why))? {
                return Err(Problem::not_found("open reservation"));
            }
        }
        Which::Call { number, to } => {
            let not_answered = Outcome {
                answered: false,
                talk: Duration::ZERO,
            };
            caller_ids
                .call_ended(number, to, Some(outcome.unwrap_or(not_answered)))
                .await;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
