//! Caller IDs: can who is called call back?

use std::collections::HashSet;

use model::E164;
use store::{MAX_PAGE, Store, StoreError};

use super::Finding;
use crate::{
    config::Config,
    numbers::{Destination, Numbers},
};

const SUBJECT: &str = "caller IDs";
/// Numbers that are named; the rest is counted.
const NAMED: usize = 5;

/// `None`: there are no caller IDs.
pub(super) async fn examine(config: &Config, store: &Store) -> Option<Finding> {
    let country = config.acd.country.as_deref();
    let numbers = country.and_then(Numbers::new).unwrap_or_default();
    match look(numbers, store).await {
        Ok(seen) if seen.active == 0 => None,
        Ok(seen) => Some(seen.finding()),
        Err(error) => Some(Finding::problem(SUBJECT, "cannot be looked through").because(error)),
    }
}

#[derive(Debug, Default)]
struct Seen {
    active: u64,
    unrouted: u64,
    /// The first of them.
    named: Vec<String>,
    /// Whether a call that nothing else routes reaches a queue.
    by_default: bool,
}

async fn look(numbers: Numbers, store: &Store) -> Result<Seen, StoreError> {
    let routed = routed(numbers, store).await?;
    let mut seen = Seen {
        by_default: store.settings().default_queue().await?.is_some(),
        ..Seen::default()
    };
    let take = |page: Vec<model::CallerId>| {
        for one in page.into_iter().filter(|one| one.active) {
            seen.active += 1;
            if !routed.contains(&one.e164) {
                seen.unrouted += 1;
                if seen.named.len() < NAMED {
                    seen.named.push(one.number);
                }
            }
        }
    };
    store.caller_ids().load(take).await?;
    Ok(seen)
}

/// The numbers that lead to a queue.
async fn routed(numbers: Numbers, store: &Store) -> Result<HashSet<E164>, StoreError> {
    let mut routed = HashSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = store.dids().list(after.as_deref(), MAX_PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(routed);
        };
        after = Some(last.number.clone());
        routed.extend(
            page.iter()
                .filter_map(|did| match numbers.destination(&did.number).ok()? {
                    Destination::Number(number) => Some(number),
                    Destination::Emergency(_) => None,
                }),
        );
    }
}

impl Seen {
    fn finding(self) -> Finding {
        let Self {
            active,
            unrouted,
            named,
            by_default,
        } = self;
        if unrouted == 0 {
            let what = format!("{active} may be presented; each has an inbound route");
            return Finding::ok(SUBJECT, what);
        }
        let mut which = named.join(", ");
        if unrouted > NAMED as u64 {
            which.push_str(", …");
        }
        let what = format!("{unrouted} of {active} have no inbound route of their own: {which}");
        if by_default {
            let what = format!("{what}; who calls back reaches the default queue");
            return Finding::ok(SUBJECT, what);
        }
        Finding::warning(SUBJECT, what)
            .because("who was called and calls back reaches nobody")
            .remedy(
                "add each as a DID (`POST /v1/dids`), set a default queue, or set the number inactive",
            )
    }
}
