//! Puts the allocator where it was, and starts its task.
//!
//! What the ledger still has is in the database first. Then everything is read from there: the numbers, where each stands,
//! the reservations that were open, and which number each person saw last. A reservation that ran out meanwhile ends at the first
//! tick.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use engine::callerid::{Allocator, Input, Limits};
use model::{CallerIdKey, CallerIdRule, Now};
use store::{Store, StoreError};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::task::AbortOnDropHandle;

use super::behind::Behind;
use super::desk::{AT_RISK, Desk, Foreign};
use super::power::Power;
use super::record::{Counts, Record, restored};
use super::shared::{Shared, SharedSettings};
use super::{CallerIds, MAILBOX};
use crate::{
    background,
    clock::Clock,
    journal::{self, Journal, JournalError},
};

/// When an answer may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When the operating system has it: no death of this process can lose it, and a loss of power the last tenth of a second.
    #[default]
    Bounded,
    /// When the disk has it.
    Strict,
}

/// What an installation decides.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub limits: Limits,
    pub durability: Durability,
    /// Several nodes share the caller IDs.
    pub shared: Option<SharedSettings>,
    /// Whether every server is watched for the ends of calls that present a number.
    pub watch_calls: bool,
    /// Whether calls that we place go out with the trunk's own number where none can be presented.
    pub or_trunk_number: bool,
}

/// Why caller IDs could not be brought up.
#[derive(Debug, thiserror::Error)]
pub enum CallerIdsError {
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] JournalError),
    #[error("the ledger's folder cannot be read or written: {0}")]
    Folder(#[from] std::io::Error),
    #[error("the ledger cannot be brought into the database: {0}")]
    CatchUp(String),
}

/// Running.
pub struct Started {
    pub caller_ids: CallerIds,
    /// Ends when every [`CallerIds`] is gone, with all of the ledger on the disk.
    pub desk: JoinHandle<()>,
    /// Ends after it, with all of the ledger in the database.
    pub applier: JoinHandle<()>,
    /// The way to the shared pool, if there is one. It ends when it is dropped.
    pub link: Option<AbortOnDropHandle<()>>,
}

/// Reads everything, then answers. The ledger is in `folder`.
pub async fn start(
    store: &Store,
    clock: Clock,
    folder: &Path,
    limits: journal::Limits,
    settings: Settings,
) -> Result<Started, CallerIdsError> {
    let applied = store.ledger().applied_seq().await?;
    let (ledger, mut applier) = Journal::<Record>::open(folder, applied, limits)?;
    applier
        .catch_up_once(store)
        .await
        .map_err(CallerIdsError::CatchUp)?;
    store.ledger().change_hands().await?;

    let (_, seed) = clock.id();
    #[expect(clippy::cast_possible_truncation, reason = "any 64 bits are a seed")]
    let mut allocator = Allocator::new(settings.limits.clone(), seed as u64);
    let (rules, foreign) = load(store, &mut allocator, clock.now(), &settings.limits).await?;

    let Settings {
        limits: shared_limits,
        durability,
        shared,
        watch_calls: _,
        or_trunk_number: _,
    } = settings;
    let link_clock = clock.clone();
    let (asks, mailbox) = mpsc::channel(MAILBOX);
    let status = ledger.status();
    let (power, lost) = Power::begin(folder, clock.now().utc)?;
    if lost && durability == Durability::Bounded {
        tracing::warn!(
            uses = AT_RISK,
            "the machine stopped without us: every caller ID is charged for what may have been forgotten"
        );
        allocator.handle(clock.now(), Input::ChargedAhead { uses: AT_RISK });
    }
    let (any, is_any) = watch::channel(false);
    let desk = Desk::new(allocator, foreign, clock, ledger, durability, power, any);
    let desk = tokio::spawn(desk.run(mailbox));
    let behind = Behind::new(store.clone(), status.clone());
    let mut caller_ids = CallerIds {
        asks,
        ledger: status,
        any: is_any,
        shared: None,
    };
    let mut link = None;
    if let Some(settings) = shared {
        let shared = Shared::new(settings, shared_limits, link_clock, rules)?;
        let running = shared.clone().run(caller_ids.clone(), store.clone());
        link = Some(AbortOnDropHandle::new(tokio::spawn(running)));
        caller_ids.shared = Some(shared);
    }
    Ok(Started {
        caller_ids,
        link,
        desk,
        applier: background::run("ledger", applier.run(behind)),
    })
}

async fn load(
    store: &Store,
    allocator: &mut Allocator,
    now: Now,
    limits: &Limits,
) -> Result<(Vec<CallerIdRule>, HashMap<CallerIdKey, Foreign>), StoreError> {
    let mut tell = |input| allocator.handle(now, input);
    let take = |numbers: Vec<model::CallerId>| {
        let numbers = numbers.into_iter().map(Box::new);
        numbers.map(Input::NumberSet).for_each(&mut tell);
    };
    store.caller_ids().load(take).await?;
    let mut rules = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = store
            .caller_id_rules()
            .list(after.as_deref(), store::MAX_PAGE)
            .await?;
        let Some(last) = page.last() else { break };
        after = Some(last.campaign.clone());
        rules.extend(page.iter().cloned());
        page.into_iter().map(Input::RuleSet).for_each(&mut tell);
    }
    let foreign = load_counts(store, allocator, now).await?;
    let mut tell = |input| allocator.handle(now, input);
    // What is open now may be presented again only when it has ended; so this is not bounded by anything but the calls there were.
    let open = store.caller_id_uses().open().await?;
    let open = open.into_iter().map(restored);
    open.map(Input::ReservationRestored).for_each(&mut tell);
    let longest = Duration::from_hours(24 * u64::from(model::CallerIdRule::MAX_STICKY_DAYS));
    let since = now.utc.before(longest);
    let seen = store
        .caller_id_uses()
        .last_by_person(since, limits.persons)
        .await?;
    // The newest last: when there are more than are remembered, the oldest are forgotten.
    for one in seen.into_iter().rev() {
        tell(Input::PersonRestored {
            to: one.to,
            number: one.number,
            at: one.at,
        });
    }
    Ok((rules, foreign))
}

/// Where each number stands; answers which of them stand in other nodes' tables only.
async fn load_counts(
    store: &Store,
    allocator: &mut Allocator,
    now: Now,
) -> Result<HashMap<CallerIdKey, Foreign>, StoreError> {
    let mut foreign = HashMap::new();
    let take = |counts: Vec<(CallerIdKey, String)>| {
        for (number, json) in counts {
            match serde_json::from_str::<Counts>(&json) {
                Ok(mut counts) => {
                    if let Some(one) = counts.foreign.take()
                        && allocator.e164(number).is_none()
                        && allocator.key(one.e164).is_none()
                    {
                        let said = Box::new(one.said(number, now.utc));
                        allocator.handle(now, Input::NumberSet(said));
                        foreign.insert(number, one);
                    }
                    let usage = Box::new(counts.into());
                    allocator.handle(now, Input::UsageRestored { number, usage });
                }
                Err(error) => {
                    tracing::error!(%number, %error, "a caller ID's counts cannot be read; it begins anew");
                }
            }
        }
    };
    store.ledger().load_counts(take).await?;
    Ok(foreign)
}
