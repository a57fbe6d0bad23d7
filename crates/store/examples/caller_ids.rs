//! How long it takes to take in caller IDs from a file, to undo that, to read them all at a start, to find some among
//! them, and to write down their uses. On SQLite, or on the database that the first argument names.
//!
//!     cargo run --release -p cordboard-store --example caller_ids

#![expect(clippy::large_futures, reason = "nothing else runs")]

use std::time::Instant;

use cordboard_store::{
    CallerIdFilter, LedgerEntry, MAX_BATCH, MAX_IMPORT_BATCH, Store, Undone, UseFact, UseFilter,
};
use model::{
    CallerId, CallerIdImport, CallerIdImportId, CallerIdKey, E164, ReservationId, Tier, Timestamp,
    UseEnd, Verification,
};

const NUMBERS: u64 = 1_000_000;
const FILE: u64 = 100_000;
const USES: u64 = 200_000;
const START: i64 = 1_767_312_000_000_000;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let file = format!("sqlite:{}", folder.path().join("bench.db").display());
    let store = Store::open(&std::env::args().nth(1).unwrap_or(file)).await?;
    store.migrate().await?;

    let first: Vec<CallerId> = (0..FILE).map(caller_id).collect();
    timed("100,000 new", import(&store, 1, &first)).await?;
    timed("the same again", import(&store, 2, &first)).await?;
    let noted = |mut one: CallerId| {
        "changed".clone_into(&mut one.note);
        one
    };
    let changed: Vec<CallerId> = first.into_iter().map(noted).collect();
    timed("100,000 changed", import(&store, 3, &changed)).await?;
    let undone = timed(
        "undone",
        store.caller_id_imports().undo(import_id(3), at(9)),
    )
    .await?;
    let removed = 0;
    let restored = FILE;
    assert_eq!(undone, Undone::Done { restored, removed });

    let rest: Vec<CallerId> = (FILE..NUMBERS - FILE).map(caller_id).collect();
    timed("800,000 new", import(&store, 4, &rest)).await?;
    let last: Vec<CallerId> = (NUMBERS - FILE..NUMBERS).map(caller_id).collect();
    timed("100,000 new among 900,000", import(&store, 5, &last)).await?;
    for _ in 0..3 {
        let caller_ids = store.caller_ids();
        let load = caller_ids.load(drop);
        assert_eq!(timed("1,000,000 loaded", load).await?, NUMBERS);
    }
    searches(&store).await?;
    uses(&store).await?;
    store.close().await;
    Ok(())
}

async fn timed<T, E>(what: &str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let started = Instant::now();
    let result = work.await?;
    println!("{what:<44}{:>9.3} s", started.elapsed().as_secs_f64());
    Ok(result)
}

async fn import(store: &Store, number: u64, rows: &[CallerId]) -> Result<(), Failure> {
    let imports = store.caller_id_imports();
    let made_at = at(i64::try_from(number)?);
    let import = CallerIdImport::new(import_id(number), "numbers.csv", "ada", made_at);
    imports.create(&import).await?;
    for rows in rows.chunks(MAX_IMPORT_BATCH) {
        imports.upsert_many(import.id, rows).await?;
    }
    imports.finish(import.id, 0, at(8)).await?;
    Ok(())
}

async fn searches(store: &Store) -> Result<(), Failure> {
    let some = |text: &str| Some(text.to_owned());
    let all = CallerIdFilter::default;
    for (what, filter) in [
        ("all", all()),
        (
            "by country",
            CallerIdFilter {
                country: some("US"),
                ..all()
            },
        ),
        (
            "by area code",
            CallerIdFilter {
                area_code: some("207"),
                ..all()
            },
        ),
        (
            "by a rare carrier",
            CallerIdFilter {
                carrier: some("Carrier 7"),
                ..all()
            },
        ),
        (
            "by all carriers",
            CallerIdFilter {
                carrier: some("Carrier"),
                ..all()
            },
        ),
        (
            "by label",
            CallerIdFilter {
                label: some("pool-7"),
                ..all()
            },
        ),
        (
            "by number",
            CallerIdFilter {
                number: some("+1207555"),
                ..all()
            },
        ),
    ] {
        let caller_ids = store.caller_ids();
        let page = caller_ids.list(&filter, None, 50);
        assert_eq!(timed(&format!("a page {what}"), page).await?.len(), 50);
        timed(
            &format!("counted {what}"),
            store.caller_ids().count(&filter),
        )
        .await?;
    }
    Ok(())
}

async fn uses(store: &Store) -> Result<(), Failure> {
    let entries: Vec<LedgerEntry> = (1..=2 * USES).map(entry).collect();
    timed("400,000 entries, 200,000 uses", async {
        for batch in entries.chunks(MAX_BATCH) {
            store.ledger().apply(batch).await?;
        }
        Ok::<_, Failure>(())
    })
    .await?;
    let uses = store.caller_id_uses();
    timed("open uses", uses.open()).await?;
    timed("counts", store.ledger().load_counts(drop)).await?;
    timed("last by person", uses.last_by_person(at(0), 1_000_000)).await?;
    timed("report of 50 numbers", uses.report(at(0), None, 50)).await?;
    timed("campaigns", uses.campaigns(at(0), None, 50)).await?;
    let filter = UseFilter {
        number: Some(number(3)),
        ..UseFilter::default()
    };
    timed("a page by number", uses.page(&filter, None, 50)).await?;
    timed("10,000 forgotten", uses.prune_before(at(i64::MAX / 2))).await?;
    Ok(())
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(START.saturating_add(micros))
}

/// Looks random, and never the same for two numbers.
fn mixed(number: u64) -> u128 {
    u128::from(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) << 64
}

fn import_id(number: u64) -> CallerIdImportId {
    CallerIdImportId::new(at(0), u128::from(number) << 64)
}

fn key(number: u64) -> CallerIdKey {
    // A thousand each millisecond.
    let made_at = at(i64::try_from(number).unwrap_or(0));
    CallerIdKey::new(made_at, mixed(number))
}

/// In no order, as a file has them.
fn number(number: u64) -> E164 {
    let area = 200 + number % 800;
    let line = number / 800;
    E164::from_digits(10_000_000_000 + area * 10_000_000 + 5_550_000 + line)
        .unwrap_or_else(|| unreachable!("eleven digits"))
}

fn caller_id(of: u64) -> CallerId {
    let e164 = number(of);
    CallerId {
        country: Some("US".to_owned()),
        calling_code: Some(1),
        region: Some("Some State".to_owned()),
        area_code: Some((200 + of % 800).to_string()),
        carrier: format!("Carrier {}", of % 100),
        labels: [format!("pool-{}", of % 50)].into(),
        time_zone: "America/New_York".to_owned(),
        verified: Some(Verification::Administrator),
        ..CallerId::new(key(of), &e164.digits().to_string(), e164, at(0))
    }
}

/// A reservation, then its end, and so on.
fn entry(seq: u64) -> LedgerEntry {
    let made = seq / 2 + seq % 2;
    let at = at(i64::try_from(seq).unwrap_or(0) * 1_000);
    let caller_id = made % 10_000;
    let reservation = ReservationId::new(at, mixed(made));
    let fact = if seq % 2 == 1 {
        UseFact::Reserved {
            reservation,
            number: number(caller_id),
            to: E164::from_digits(13_105_550_000 + made % 50_000)
                .unwrap_or_else(|| unreachable!("eleven digits")),
            tier: Tier::AreaCode,
            campaign: format!("campaign {}", made % 10),
            agent: format!("agent {}", made % 200),
            expires_at: at,
        }
    } else {
        let made_at = Timestamp::from_micros(at.as_micros() - 1_000);
        UseFact::Ended {
            reservation: ReservationId::new(made_at, mixed(made)),
            end: UseEnd::CallEnded,
            answered: Some(made.is_multiple_of(3)),
            talk_ms: (made.is_multiple_of(3)).then_some(made % 60_000),
        }
    };
    LedgerEntry {
        seq,
        at,
        caller_id: key(caller_id),
        counts: Some(format!("{{\"windows\":[[1,{seq}],[2,{seq}],[3,{seq}]]}}")),
        foreign: false,
        fact,
    }
}
