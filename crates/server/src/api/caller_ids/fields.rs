//! What may be said of a number of ours.

use std::collections::BTreeSet;

use model::{Attestation, CallerId, CallerIdKey, Timestamp, Verification};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::Api;
use crate::problem::Problem;

/// What may be set of a caller ID. What is left out has its usual value, on a replacement too.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CallerIdFields {
    /// As it is presented. Two ways of writing one number are one number.
    #[schema(required, max_length = 64)]
    pub(crate) number: String,
    /// Against the numbering plan's.
    #[schema(max_length = 8)]
    pub(crate) area_code: Option<String>,
    #[schema(max_length = 100)]
    pub(crate) carrier: String,
    /// The pools that it is in; none: the default pool.
    #[schema(max_items = 16)]
    pub(crate) labels: BTreeSet<String>,
    /// The only campaigns that may present it; none: all.
    #[schema(max_items = 16)]
    pub(crate) campaigns: BTreeSet<String>,
    /// Calls in a minute; `null`: no such cap. 0 in any of the three blocks the number.
    #[schema(maximum = 1_000_000)]
    pub(crate) per_minute_limit: Option<u32>,
    #[schema(maximum = 1_000_000, default = 100)]
    pub(crate) hourly_limit: u32,
    #[schema(maximum = 1_000_000, default = 500)]
    pub(crate) daily_limit: u32,
    /// Calls at a time.
    #[schema(minimum = 1, maximum = 1000, default = 1)]
    pub(crate) max_concurrent: u16,
    /// IANA name; whose midnight begins a new day.
    #[schema(default = "UTC")]
    pub(crate) time_zone: String,
    #[schema(default = true)]
    pub(crate) active: bool,
    /// Whether you vouch that the number is ours. One that is not, and is none of our DIDs, is not presented.
    #[schema(default = true)]
    pub(crate) vouched: bool,
    pub(crate) attestation: Option<Attestation>,
    #[schema(max_length = 500)]
    pub(crate) note: String,
}

impl Default for CallerIdFields {
    fn default() -> Self {
        Self {
            number: String::new(),
            area_code: None,
            carrier: String::new(),
            labels: BTreeSet::new(),
            campaigns: BTreeSet::new(),
            per_minute_limit: None,
            hourly_limit: CallerId::HOURLY_LIMIT,
            daily_limit: CallerId::DAILY_LIMIT,
            max_concurrent: 1,
            time_zone: "UTC".to_owned(),
            active: true,
            vouched: true,
            attestation: None,
            note: String::new(),
        }
    }
}

impl CallerIdFields {
    /// The number with all that the numbering plan and our DIDs know of it.
    pub(crate) async fn into_caller_id(
        self,
        api: &Api,
        id: CallerIdKey,
        created_at: Timestamp,
    ) -> Result<CallerId, Problem> {
        let own = api
            .app
            .numbers
            .caller_id(&self.number, self.area_code.as_deref())?;
        let verified = if self.vouched {
            Some(Verification::Administrator)
        } else {
            let written = [
                own.number.clone(),
                own.e164.to_string(),
                own.e164.digits().to_string(),
            ];
            is_did(api, &written).await?.then_some(Verification::Did)
        };
        let caller_id = CallerId {
            carrier: self.carrier,
            labels: self.labels,
            campaigns: self.campaigns,
            per_minute_limit: self.per_minute_limit,
            hourly_limit: self.hourly_limit,
            daily_limit: self.daily_limit,
            max_concurrent: self.max_concurrent,
            time_zone: self.time_zone,
            active: self.active,
            verified,
            attestation: self.attestation,
            note: self.note,
            updated_at: api.app.clock.now().utc,
            ..own.into_caller_id(id, created_at)
        };
        caller_id.check()?;
        Ok(caller_id)
    }
}

async fn is_did(api: &Api, written: &[String]) -> Result<bool, Problem> {
    for number in written {
        if api.app.store.dids().by_number(number).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
