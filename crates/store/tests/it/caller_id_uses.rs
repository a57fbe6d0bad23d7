//! The ledger, and the log that it writes.
//!
//! Long because the log answers many questions, each on three databases.

use crate::contract;
use crate::fixtures::{at, caller_id, caller_id_key, number, person, reservation_id};
use model::{CallerIdUse, Tier, Timestamp, UseCounts, UseEnd};
use store::{
    Applied, CallerIdFilter, LastSeen, LedgerEntry, MAX_BATCH, Store, StoreError, UseCursor,
    UseFact, UseFilter,
};

contract!(
    a_use_is_kept_from_its_beginning_to_its_end,
    a_batch_may_come_again,
    a_hole_is_refused,
    the_first_end_counts,
    a_call_that_outlasts_its_reservation_has_an_outcome,
    texts_are_cut_not_refused,
    a_batch_is_bounded,
    counts_are_the_last_of_numbers_that_are_ours_or_foreign,
    open_uses_are_found,
    uses_page_newest_first,
    uses_are_filtered,
    the_last_number_of_each_person_is_found,
    the_last_call_to_who_calls_back_is_found,
    numbers_are_reported,
    campaigns_are_counted,
    old_uses_are_forgotten,
    the_checkpoint_cannot_be_set,
);

fn entry(seq: u64, number: u64, fact: UseFact) -> LedgerEntry {
    LedgerEntry {
        seq,
        at: time(seq),
        caller_id: caller_id_key(u128::from(number)),
        counts: Some(format!("{{\"seq\":{seq}}}")),
        foreign: false,
        fact,
    }
}

fn time(seq: u64) -> Timestamp {
    at(i64::try_from(seq).unwrap() * 1_000)
}

/// Entry `seq`: the reservation of the same number.
fn reserved(seq: u64, presented: u64, to: u64, campaign: &str) -> LedgerEntry {
    let fact = UseFact::Reserved {
        reservation: reservation_id(u128::from(seq)),
        number: number(presented),
        to: person(to),
        tier: Tier::AreaCode,
        campaign: campaign.to_owned(),
        agent: "ada".to_owned(),
        expires_at: time(seq + 300),
    };
    entry(seq, presented, fact)
}

fn ended(seq: u64, reservation: u64, end: UseEnd, talk_ms: Option<u64>) -> LedgerEntry {
    let fact = UseFact::Ended {
        reservation: reservation_id(u128::from(reservation)),
        end,
        answered: (end == UseEnd::CallEnded).then_some(talk_ms.is_some()),
        talk_ms,
    };
    entry(seq, 1, fact)
}

fn open(seq: u64, presented: u64, to: u64, campaign: &str) -> CallerIdUse {
    CallerIdUse {
        id: reservation_id(u128::from(seq)),
        caller_id: caller_id_key(u128::from(presented)),
        number: number(presented),
        to: person(to),
        tier: Tier::AreaCode,
        campaign: campaign.to_owned(),
        agent: "ada".to_owned(),
        made_at: time(seq),
        expires_at: time(seq + 300),
        ended_at: None,
        end: None,
        answered: None,
        talk_ms: None,
    }
}

async fn apply(store: &Store, entries: &[LedgerEntry]) {
    let applied = store.ledger().apply(entries).await.unwrap();
    assert_eq!(applied.new, entries.len());
}

async fn get(store: &Store, reservation: u64) -> Option<CallerIdUse> {
    let id = reservation_id(u128::from(reservation));
    store.caller_id_uses().get(id).await.unwrap()
}

/// The uses that a filter finds, by the entries that began them.
async fn found(store: &Store, filter: &UseFilter, after: Option<UseCursor>) -> Vec<u64> {
    let found = store.caller_id_uses().page(filter, after, 500).await;
    let micros = |made: CallerIdUse| made.made_at.as_micros() - at(0).as_micros();
    let found = found.unwrap().into_iter().map(micros);
    found.map(|micros| micros.unsigned_abs() / 1_000).collect()
}

async fn a_use_is_kept_from_its_beginning_to_its_end(store: &Store) {
    assert_eq!(store.ledger().applied_seq().await, Ok(0));
    apply(store, &[reserved(1, 1, 7, "spring")]).await;
    assert_eq!(get(store, 1).await, Some(open(1, 1, 7, "spring")));
    let answered = ended(4, 1, UseEnd::CallEnded, Some(u64::from(u32::MAX) * 9));
    // One of them begins and ends in the same batch.
    let batch = [
        reserved(2, 2, 8, ""),
        ended(3, 2, UseEnd::CallEnded, None),
        answered,
    ];
    apply(store, &batch).await;
    let first = CallerIdUse {
        ended_at: Some(time(4)),
        end: Some(UseEnd::CallEnded),
        answered: Some(true),
        talk_ms: Some(u64::from(u32::MAX) * 9),
        ..open(1, 1, 7, "spring")
    };
    assert_eq!(get(store, 1).await, Some(first));
    let second = CallerIdUse {
        ended_at: Some(time(3)),
        end: Some(UseEnd::CallEnded),
        answered: Some(false),
        ..open(2, 2, 8, "")
    };
    assert_eq!(get(store, 2).await, Some(second));
    assert_eq!(store.ledger().applied_seq().await, Ok(4));
    for (seq, end) in
        (5..)
            .step_by(2)
            .zip([UseEnd::Deleted, UseEnd::TimedOut, UseEnd::NumberRemoved])
    {
        apply(store, &[reserved(seq, 1, 7, "")]).await;
        apply(store, &[ended(seq + 1, seq, end, None)]).await;
        let made = get(store, seq).await.unwrap();
        assert_eq!((made.end, made.answered), (Some(end), None));
    }
    assert_eq!(get(store, 99).await, None);
}

async fn a_batch_may_come_again(store: &Store) {
    let entries = [
        reserved(1, 1, 7, ""),
        reserved(2, 1, 8, ""),
        ended(3, 1, UseEnd::TimedOut, None),
        reserved(4, 1, 9, ""),
    ];
    apply(store, &entries[..3]).await;
    let before = [get(store, 1).await, get(store, 2).await];
    let again = store.ledger().apply(&entries).await;
    let (seq, new, known) = (4, 1, 3);
    assert_eq!(again, Ok(Applied { seq, new, known }));
    let again = store.ledger().apply(&entries[1..3]).await;
    let (seq, new, known) = (4, 0, 2);
    assert_eq!(again, Ok(Applied { seq, new, known }));
    assert_eq!([get(store, 1).await, get(store, 2).await], before);
    assert_eq!(found(store, &UseFilter::default(), None).await, [4, 2, 1]);
    let nothing = store.ledger().apply(&[]).await;
    let (seq, new, known) = (4, 0, 0);
    assert_eq!(nothing, Ok(Applied { seq, new, known }));
}

async fn a_hole_is_refused(store: &Store) {
    let gap = |expected, found| Err(StoreError::Gap { expected, found });
    let late = store.ledger().apply(&[reserved(2, 1, 7, "")]).await;
    assert_eq!(late, gap(1, 2));
    let holed = [reserved(1, 1, 7, ""), reserved(3, 1, 7, "")];
    assert_eq!(store.ledger().apply(&holed).await, gap(2, 3));
    assert_eq!(store.ledger().applied_seq().await, Ok(0));
    assert_eq!(get(store, 1).await, None);
}

async fn the_first_end_counts(store: &Store) {
    apply(store, &[reserved(1, 1, 7, "")]).await;
    let ends = [
        ended(2, 1, UseEnd::Deleted, None),
        ended(3, 1, UseEnd::CallEnded, Some(9)),
        // Of one that was forgotten, or never was.
        ended(4, 99, UseEnd::TimedOut, None),
    ];
    apply(store, &ends[..2]).await;
    let made = get(store, 1).await.unwrap();
    assert_eq!(
        (made.end, made.ended_at),
        (Some(UseEnd::Deleted), Some(time(2)))
    );
    apply(store, &ends[2..]).await;
    assert_eq!(get(store, 99).await, None);
}

async fn a_call_that_outlasts_its_reservation_has_an_outcome(store: &Store) {
    let outlasted = |seq, reservation, talk_ms| {
        let reservation = reservation_id(reservation);
        let fact = UseFact::Outlasted {
            reservation,
            answered: true,
            talk_ms,
        };
        entry(seq, 1, fact)
    };
    let batch = [
        reserved(1, 1, 7, ""),
        reserved(2, 1, 8, ""),
        ended(3, 1, UseEnd::TimedOut, None),
        ended(4, 2, UseEnd::Deleted, None),
    ];
    apply(store, &batch).await;
    let batch = [
        outlasted(5, 1, 900_000),
        // What has an outcome keeps it; what ended otherwise, or never was, gets none.
        outlasted(6, 1, 1),
        outlasted(7, 2, 1),
        outlasted(8, 99, 1),
    ];
    apply(store, &batch).await;
    let first = CallerIdUse {
        ended_at: Some(time(3)),
        end: Some(UseEnd::TimedOut),
        answered: Some(true),
        talk_ms: Some(900_000),
        ..open(1, 1, 7, "")
    };
    assert_eq!(get(store, 1).await, Some(first));
    assert_eq!(get(store, 2).await.unwrap().answered, None);
    assert_eq!(get(store, 99).await, None);
}

async fn texts_are_cut_not_refused(store: &Store) {
    let mut entry = reserved(1, 1, 7, &format!("a\0\r\n{}", "\u{1F4DE}".repeat(1_000)));
    if let UseFact::Reserved { agent, .. } = &mut entry.fact {
        *agent = "x".repeat(10_000);
    }
    apply(store, &[entry]).await;
    let made = get(store, 1).await.unwrap();
    assert_eq!(made.campaign, format!("a{}", "\u{1F4DE}".repeat(99)));
    assert_eq!(made.agent, "x".repeat(100));
}

async fn a_batch_is_bounded(store: &Store) {
    let entries: Vec<_> = (1..=MAX_BATCH as u64 + 1)
        .map(|seq| reserved(seq, 1, seq, ""))
        .collect();
    let refused = store.ledger().apply(&entries).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })));
    apply(store, &entries[..MAX_BATCH]).await;
    assert_eq!(store.ledger().applied_seq().await, Ok(MAX_BATCH as u64));
}

async fn counts_are_the_last_of_numbers_that_are_ours_or_foreign(store: &Store) {
    for number in [1, 2] {
        store.caller_ids().create(&caller_id(number)).await.unwrap();
    }
    let mut silent = reserved(4, 2, 7, "");
    silent.counts = None;
    let mut foreign = reserved(6, 8, 7, "");
    foreign.foreign = true;
    let batch = [
        reserved(1, 1, 7, ""),
        reserved(2, 2, 7, ""),
        reserved(3, 1, 7, ""),
        silent,
        reserved(5, 9, 7, ""),
        foreign,
    ];
    apply(store, &batch[..2]).await;
    apply(store, &batch[2..]).await;
    let counts = async || {
        let mut all = Vec::new();
        let total = store.ledger().load_counts(|page| all.extend(page)).await;
        assert_eq!(total, Ok(all.len() as u64));
        all
    };
    let at = |number, seq: u64| (caller_id_key(number), format!("{{\"seq\":{seq}}}"));
    assert_eq!(counts().await, [at(1, 3), at(2, 2), at(8, 6)]);
    store.caller_ids().delete(caller_id_key(1)).await.unwrap();
    assert_eq!(counts().await, [at(2, 2), at(8, 6)]);
    assert_eq!(found(store, &UseFilter::default(), None).await.len(), 6);
    let all = CallerIdFilter::default();
    assert_eq!(store.caller_ids().count(&all).await, Ok(1));
}

async fn open_uses_are_found(store: &Store) {
    let batch = [
        reserved(1, 1, 7, "a"),
        reserved(2, 1, 8, "b"),
        reserved(3, 2, 9, "c"),
        ended(4, 2, UseEnd::Deleted, None),
    ];
    apply(store, &batch).await;
    let expected = vec![open(1, 1, 7, "a"), open(3, 2, 9, "c")];
    assert_eq!(store.caller_id_uses().open().await, Ok(expected));
}

async fn uses_page_newest_first(store: &Store) {
    let mut entries: Vec<_> = (1..=5).map(|seq| reserved(seq, 1, 7, "")).collect();
    // Three at the same instant.
    entries[2].at = time(2);
    entries[3].at = time(2);
    apply(store, &entries).await;
    let uses = store.caller_id_uses();
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = uses.page(&UseFilter::default(), after, 2).await.unwrap();
        let Some(last) = page.last() else {
            break;
        };
        after = Some(UseCursor::from(last));
        pages.push(page.iter().map(|made| made.id).collect::<Vec<_>>());
    }
    let id = |number| reservation_id(number);
    assert_eq!(pages, [vec![id(5), id(4)], vec![id(3), id(2)], vec![id(1)]]);
    assert_eq!(uses.first_since(at(0)).await, Ok(Some(time(1))));
    assert_eq!(uses.first_since(time(3)).await, Ok(Some(time(5))));
    assert_eq!(uses.first_since(time(6)).await, Ok(None));
    let refused = uses.page(&UseFilter::default(), None, 501).await;
    assert!(matches!(refused, Err(StoreError::Refused { .. })));
}

async fn uses_are_filtered(store: &Store) {
    let batch = [
        reserved(1, 1, 7, "a"),
        reserved(2, 2, 7, "a"),
        reserved(3, 1, 8, "b"),
        reserved(4, 2, 8, "b"),
    ];
    apply(store, &batch).await;
    let all = UseFilter::default();
    let by_number = UseFilter {
        number: Some(number(1)),
        ..all.clone()
    };
    assert_eq!(found(store, &by_number, None).await, [3, 1]);
    let by_both = UseFilter {
        destination: Some(person(8)),
        ..by_number.clone()
    };
    assert_eq!(found(store, &by_both, None).await, [3]);
    let by_person = UseFilter {
        destination: Some(person(7)),
        ..all.clone()
    };
    assert_eq!(found(store, &by_person, None).await, [2, 1]);
    let by_campaign = UseFilter {
        campaign: Some("b".to_owned()),
        ..all.clone()
    };
    assert_eq!(found(store, &by_campaign, None).await, [4, 3]);
    let by_time = UseFilter {
        from: Some(time(2)),
        to: Some(time(4)),
        ..all
    };
    assert_eq!(found(store, &by_time, None).await, [3, 2]);
    let after = UseCursor {
        made_at: time(3),
        id: reservation_id(3),
    };
    assert_eq!(found(store, &by_number, Some(after)).await, [1]);
}

async fn the_last_number_of_each_person_is_found(store: &Store) {
    let batch = [
        reserved(1, 1, 6, ""),
        reserved(2, 1, 7, ""),
        reserved(3, 2, 8, ""),
        reserved(4, 3, 7, ""),
    ];
    apply(store, &batch).await;
    let seen = |presented, to, seq| LastSeen {
        to: person(to),
        number: number(presented),
        at: time(seq),
    };
    let uses = store.caller_id_uses();
    let all = uses.last_by_person(time(0), 100).await.unwrap();
    assert_eq!(all, [seen(3, 7, 4), seen(2, 8, 3), seen(1, 6, 1)]);
    let late = uses.last_by_person(time(2), 100).await.unwrap();
    assert_eq!(late, [seen(3, 7, 4), seen(2, 8, 3)]);
    let few = uses.last_by_person(time(0), 3).await.unwrap();
    assert_eq!(few, [seen(3, 7, 4), seen(2, 8, 3)]);
    assert_eq!(uses.last_by_person(time(0), 0).await, Ok(vec![]));

    // More than are read with one statement.
    for first in [5, 2_005, 4_005] {
        let batch: Vec<_> = (first..first + 2_000)
            .map(|seq| reserved(seq, seq % 9, 10_000 + seq % 5_000, ""))
            .collect();
        apply(store, &batch).await;
    }
    let many = uses.last_by_person(time(0), 100_000).await.unwrap();
    assert_eq!(many.len(), 5_003);
    assert_eq!(many.last(), Some(&seen(1, 6, 1)));
    let some = uses.last_by_person(time(0), 4_321).await.unwrap();
    assert_eq!(some, many[..4_321]);
}

/// Two numbers; 7 is called from both, and answers; 8 only from the first.
async fn the_last_call_to_who_calls_back_is_found(store: &Store) {
    let batch = [
        reserved(1, 1, 7, "a"),
        reserved(2, 2, 7, "b"),
        reserved(3, 1, 7, "c"),
        reserved(4, 2, 8, "d"),
        reserved(5, 3, 7, "e"),
    ];
    apply(store, &batch).await;
    let last = async |to, dialled| {
        let uses = store.caller_id_uses();
        let last = uses.last_for(person(to), Some(number(dialled))).await;
        last.unwrap().map(|made| made.campaign)
    };
    let found = |campaign: &str| Some(campaign.to_owned());
    assert_eq!(last(7, 1).await, found("c"));
    assert_eq!(last(7, 2).await, found("b"));
    // This number never called them; another did.
    assert_eq!(last(7, 9).await, found("e"));
    assert_eq!(last(8, 1).await, found("d"));
    assert_eq!(last(9, 1).await, None);
}

async fn called(store: &Store) {
    let batch = [
        reserved(1, 1, 7, "a"),
        ended(2, 1, UseEnd::CallEnded, Some(6_000)),
        reserved(3, 1, 7, "a"),
        ended(4, 3, UseEnd::CallEnded, Some(5_999)),
        reserved(5, 1, 8, "b"),
        ended(6, 5, UseEnd::CallEnded, None),
        reserved(7, 2, 7, "b"),
        ended(8, 7, UseEnd::TimedOut, None),
        reserved(9, 2, 9, "b"),
        reserved(10, 3, 8, ""),
    ];
    apply(store, &batch).await;
}

fn counts(uses: u64, attempts: u64, answers: u64, short: u64, destinations: u64) -> UseCounts {
    UseCounts {
        uses,
        attempts,
        answers,
        short,
        destinations,
    }
}

async fn numbers_are_reported(store: &Store) {
    called(store).await;
    let report = async |since, after: Option<u64>, limit| {
        let after = after.map(number);
        let report = store.caller_id_uses().report(since, after, limit).await;
        let row = |row: model::Reputation| (row.number, row.counts, row.numbers_seen);
        report.unwrap().into_iter().map(row).collect::<Vec<_>>()
    };
    let first = (number(1), counts(3, 3, 2, 1, 2), 2);
    let second = (number(2), counts(2, 0, 0, 0, 2), 2);
    let third = (number(3), counts(1, 0, 0, 0, 1), 2);
    assert_eq!(report(time(0), None, 9).await, [first, second, third]);
    assert_eq!(report(time(0), None, 1).await, [first]);
    assert_eq!(report(time(0), Some(1), 9).await, [second, third]);
    assert_eq!(report(time(0), Some(3), 9).await, []);
    // What was before does not count: 8 saw one number since.
    let second = (number(2), counts(2, 0, 0, 0, 2), 1);
    let third = (number(3), counts(1, 0, 0, 0, 1), 1);
    assert_eq!(report(time(7), None, 9).await, [second, third]);
}

async fn campaigns_are_counted(store: &Store) {
    called(store).await;
    let campaigns = async |since, after| {
        let found = store.caller_id_uses().campaigns(since, after, 2).await;
        let row = |row: model::CampaignUse| (row.campaign, row.counts, row.numbers);
        found.unwrap().into_iter().map(row).collect::<Vec<_>>()
    };
    let none = (String::new(), counts(1, 0, 0, 0, 1), 1);
    let a = ("a".to_owned(), counts(2, 2, 2, 1, 1), 1);
    let b = ("b".to_owned(), counts(3, 1, 0, 0, 3), 2);
    assert_eq!(campaigns(time(0), None).await, [none.clone(), a.clone()]);
    assert_eq!(campaigns(time(0), Some("")).await, [a, b.clone()]);
    assert_eq!(campaigns(time(0), Some("a")).await, [b]);
    assert_eq!(campaigns(time(10), None).await, [none]);
    assert_eq!(campaigns(time(11), None).await, []);
    let busiest = async |since, limit| {
        let found = store.caller_id_uses().busiest_campaigns(since, limit).await;
        let name = |row: model::CampaignUse| (row.campaign, row.counts.uses);
        found.unwrap().into_iter().map(name).collect::<Vec<_>>()
    };
    let [most, then, least] =
        [("b", 3), ("a", 2), ("", 1)].map(|(name, uses)| (name.to_owned(), uses));
    assert_eq!(busiest(time(0), 2).await, [most.clone(), then.clone()]);
    assert_eq!(busiest(time(0), 9).await, [most, then, least.clone()]);
    assert_eq!(busiest(time(10), 9).await, [least]);
}

async fn old_uses_are_forgotten(store: &Store) {
    let uses = store.caller_id_uses();
    assert_eq!(uses.prune_before(time(9)).await, Ok(0));
    let total = 10_500;
    let entries: Vec<_> = (1..=total).map(|seq| reserved(seq, 1, seq, "")).collect();
    for batch in entries.chunks(MAX_BATCH) {
        apply(store, batch).await;
    }
    assert_eq!(uses.prune_before(time(total)).await, Ok(10_000));
    assert_eq!(uses.prune_before(time(total)).await, Ok(499));
    assert_eq!(uses.prune_before(time(total)).await, Ok(0));
    assert_eq!(found(store, &UseFilter::default(), None).await, [total]);
    assert_eq!(store.ledger().applied_seq().await, Ok(total));
}

async fn the_checkpoint_cannot_be_set(store: &Store) {
    let settings = store.settings();
    for refused in [
        settings.set("ledger.applied_seq", "7").await,
        settings.delete("ledger.applied_seq").await.map(drop),
    ] {
        let refused = refused.unwrap_err().to_string();
        assert_eq!(refused, "ledger.applied_seq: belongs to the ledger");
    }
}
