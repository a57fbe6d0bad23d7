//! `POST /add-number` and `DELETE /api/reservation/{id}`.

use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::header,
};
use engine::callerid::Release;
use model::{CallerId, CallerIdKey, ReservationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    super::{Api, JsonBody, Segments, caller_ids},
    next::refused,
};
use crate::problem::{Code, Problem, ProblemBody};

/// A number, as the query or as a JSON body; what is in both is taken from the body.
#[derive(Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NewNumber {
    #[param(required)]
    #[schema(required)]
    caller_id: Option<String>,
    carrier: Option<String>,
    /// Against the numbering plan's.
    area_code: Option<String>,
    /// 100 unless told; 0 blocks the number.
    hourly_limit: Option<u32>,
    /// 500 unless told; 0 blocks the number.
    daily_limit: Option<u32>,
}

impl NewNumber {
    fn read(query: &str) -> Result<Self, Problem> {
        let mut number = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "caller_id" => number.caller_id = Some(value.into_owned()),
                "carrier" => number.carrier = Some(value.into_owned()),
                "area_code" => number.area_code = Some(value.into_owned()),
                "hourly_limit" => number.hourly_limit = limit("hourly_limit", &value)?,
                "daily_limit" => number.daily_limit = limit("daily_limit", &value)?,
                _ => {}
            }
        }
        Ok(number)
    }

    fn or(self, other: Self) -> Self {
        Self {
            caller_id: self.caller_id.or(other.caller_id),
            carrier: self.carrier.or(other.carrier),
            area_code: self.area_code.or(other.area_code),
            hourly_limit: self.hourly_limit.or(other.hourly_limit),
            daily_limit: self.daily_limit.or(other.daily_limit),
        }
    }

    fn fields(self) -> Result<caller_ids::CallerIdFields, Problem> {
        let missing =
            || Problem::new(Code::MissingParameter, "caller_id is missing.").about("caller_id");
        Ok(caller_ids::CallerIdFields {
            number: self.caller_id.ok_or_else(missing)?,
            carrier: self.carrier.unwrap_or_default(),
            area_code: self.area_code,
            hourly_limit: self.hourly_limit.unwrap_or(CallerId::HOURLY_LIMIT),
            daily_limit: self.daily_limit.unwrap_or(CallerId::DAILY_LIMIT),
            ..caller_ids::CallerIdFields::default()
        })
    }
}

fn limit(field: &'static str, text: &str) -> Result<Option<u32>, Problem> {
    let no_number = || Problem::field(field, format!("{field} is no whole number, 0 or more."));
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| no_number()),
    }
}

/// The answer to `/add-number`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberAdded {
    success: bool,
    message: String,
    data: NumberData,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberData {
    id: CallerIdKey,
    caller_id: String,
    carrier: String,
    area_code: Option<String>,
    daily_limit: u32,
    hourly_limit: u32,
    last_used: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[schema(value_type = Object)]
    meta: serde_json::Map<String, serde_json::Value>,
    is_active: bool,
}

/// Add a number of ours. Parameters may be in the query, in a JSON body, or in both.
#[utoipa::path(
    post,
    path = "/add-number",
    operation_id = "rotation_add",
    tag = "caller-id rotation",
    params(NewNumber),
    request_body = NewNumber,
    responses(
        (status = 200, description = "Added", body = NumberAdded),
        (status = 400, description = "It is no number that can be presented", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is there, perhaps written otherwise", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`caller_id` is missing", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(api): State<Api>,
    request: Request,
) -> Result<Json<NumberAdded>, Problem> {
    let in_query = NewNumber::read(request.uri().query().unwrap_or_default())?;
    let has_body = request.headers().contains_key(header::CONTENT_TYPE);
    let number = if has_body {
        let JsonBody(in_body) = JsonBody::<NewNumber>::from_request(request, &api).await?;
        NewNumber::or(in_body, in_query)
    } else {
        in_query
    };
    let (at, random) = api.app.clock.id();
    let id = CallerIdKey::new(at, random);
    let fields = number.fields()?;
    let caller_id = fields.into_caller_id(&api, id, at).await;
    let caller_id = caller_id.map_err(|problem| problem.renamed("number", "caller_id"))?;
    let added = caller_ids::add(&api, &caller_id).await;
    added.map_err(|problem| problem.renamed("number", "caller_id"))?;
    Ok(Json(NumberAdded {
        success: true,
        message: format!("Caller ID {} added", caller_id.number),
        data: NumberData {
            id,
            caller_id: caller_id.number,
            carrier: caller_id.carrier,
            area_code: caller_id.area_code,
            daily_limit: caller_id.daily_limit,
            hourly_limit: caller_id.hourly_limit,
            last_used: None,
            created_at: caller_id.created_at,
            updated_at: caller_id.updated_at,
            meta: serde_json::Map::new(),
            is_active: caller_id.active,
        },
    }))
}

/// The answer to the end of a reservation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Released {
    success: bool,
    message: String,
    /// How many reservations ended.
    count: usize,
}

/// End a reservation by its id, or all that a number of ours has by the number.
#[utoipa::path(
    delete,
    path = "/api/reservation/{id}",
    operation_id = "rotation_release",
    tag = "caller-id rotation",
    params(("id" = String, Path, description = "`reservation_id` of the answer, or the number that was presented")),
    responses((status = 200, description = "Ended", body = Released))
)]
pub(crate) async fn release(
    State(api): State<Api>,
    Segments(id): Segments<String>,
) -> Result<Json<Released>, Problem> {
    let caller_ids = &api.app.caller_ids;
    let released = if let Ok(reservation) = id.parse::<ReservationId>() {
        let ended = caller_ids.release(reservation, Release::Deleted).await;
        usize::from(ended.map_err(|why| refused(&api, why))?)
    } else {
        let own = api.app.numbers.caller_id(&id, None);
        let own =
            own.map_err(|_| Problem::field("id", "id is neither a reservation nor a number."))?;
        caller_ids
            .release_number(own.e164)
            .await
            .map_err(|why| refused(&api, why))?
    };
    if released == 0 {
        return Err(Problem::not_found("open reservation"));
    }
    Ok(Json(Released {
        success: true,
        message: format!("Reservation released: {id}"),
        count: released,
    }))
}
