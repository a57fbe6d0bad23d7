#![allow(clippy::unwrap_used)]

use model::{Attestation, CallerId, E164, Verification};
use store::Store;

use super::*;
use crate::{clock::Clock, numbers::Numbers};

struct Pool {
    _folder: tempfile::TempDir,
    target: Target,
}

impl Pool {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let store = Store::open(&format!("sqlite:{}", file.display()))
            .await
            .unwrap();
        store.migrate().await.unwrap();
        let target = Target {
            store,
            numbers: Numbers::default(),
            clock: Clock::start(),
            live: None,
        };
        Self {
            _folder: folder,
            target,
        }
    }

    /// In pieces of odd sizes, as a network gives them.
    async fn import_of(&self, file: &[u8], dry_run: bool) -> Result<ImportReport, ImportError> {
        let source = Source {
            file: "numbers.csv".to_owned(),
            made_by: "ada".to_owned(),
            dry_run,
        };
        let mut import = Import::new(self.target.clone(), &source);
        for piece in file.chunks(4_099) {
            if !import.take(piece, &mut |_| ()).await? {
                break;
            }
        }
        import.finish(&mut |_| ()).await
    }

    async fn import(&self, file: impl AsRef<[u8]>) -> ImportReport {
        self.import_of(file.as_ref(), false).await.unwrap()
    }

    async fn number(&self, digits: u64) -> CallerId {
        let number = E164::from_digits(digits).unwrap();
        let found = self.target.store.caller_ids().by_e164(number).await;
        found.unwrap().unwrap()
    }
}

fn counts(report: &ImportReport) -> [u64; 4] {
    [
        report.added,
        report.changed,
        report.unchanged,
        report.refused,
    ]
}

/// The only row of the report: its line, and why it was refused.
#[track_caller]
fn refused(report: &ImportReport) -> (u64, String) {
    assert_eq!(report.rows.len(), 1, "{report:?}");
    let row = &report.rows[0];
    assert_eq!(row.result, RowResult::Refused);
    let text = |text: &Option<String>| text.clone().unwrap();
    (row.line, format!("{} {}", text(&row.field), text(&row.why)))
}

#[tokio::test]
async fn a_new_number_has_what_the_file_says_and_the_usual_else() {
    let pool = Pool::new().await;
    let file = "\u{feff}Carrier, CALLER_ID ,hourly_limit,labels,campaigns,attestation,active,per_minute_limit\r\n\
                \"Ace, \"\"the\"\" best\",(212) 555-0100,0,b; a,\"spring; fall, late\",a,No,7\r\n\
                ,+421 2 5555 0100,,,,,,\r\n";
    let report = pool.import(file).await;
    assert_eq!(counts(&report), [2, 0, 0, 0], "{report:?}");
    let one = pool.number(12_125_550_100).await;
    assert_eq!(
        (one.carrier.as_str(), one.number.as_str()),
        ("Ace, \"the\" best", "2125550100")
    );
    assert_eq!(
        (one.hourly_limit, one.daily_limit),
        (0, CallerId::DAILY_LIMIT)
    );
    assert_eq!(one.labels, ["a", "b"].map(str::to_owned).into());
    assert_eq!(
        one.campaigns,
        ["spring", "fall, late"].map(str::to_owned).into()
    );
    assert_eq!(one.attestation, Some(Attestation::A));
    assert_eq!((one.active, one.per_minute_limit), (false, Some(7)));
    assert_eq!(one.area_code.as_deref(), Some("212"));
    let other = pool.number(421_255_550_100).await;
    assert_eq!(other.verified, Some(Verification::Administrator));
    assert_eq!(
        (other.hourly_limit, other.active),
        (CallerId::HOURLY_LIMIT, true)
    );
    assert_eq!(other.country.as_deref(), Some("SK"));
}

#[tokio::test]
async fn a_known_number_keeps_what_the_file_does_not_say() {
    let pool = Pool::new().await;
    pool.import("caller_id,note,labels,area_code,hourly_limit\n2125550100,mine,gold,999,5\n")
        .await;
    let before = pool.number(12_125_550_100).await;
    let same = pool.import("caller_id,note\n+1-212-555-0100,\n").await;
    assert_eq!(
        counts(&same),
        [0, 0, 1, 0],
        "another notation and an empty cell"
    );
    assert_eq!(pool.number(12_125_550_100).await, before);
    let file = "caller_id,hourly_limit,area_code\n12125550100,6,\n";
    let trial = pool.import_of(file.as_bytes(), true).await.unwrap();
    assert_eq!((counts(&trial), trial.id), ([0, 1, 0, 0], None));
    assert_eq!(trial.rows[0].result, RowResult::Changed);
    assert_eq!(pool.number(12_125_550_100).await, before, "it was a trial");
    assert_eq!(counts(&pool.import(file).await), [0, 1, 0, 0]);
    let after = pool.number(12_125_550_100).await;
    let expected = CallerId {
        hourly_limit: 6,
        updated_at: after.updated_at,
        ..before
    };
    assert_eq!(after, expected);
    let imports = pool.target.store.caller_id_imports();
    let all = imports.list(None, 10).await.unwrap();
    assert_eq!(all.len(), 3, "the trial is none");
    assert!(
        all.iter()
            .all(|one| one.finished_at.is_some() && one.made_by == "ada")
    );
}

#[tokio::test]
async fn a_bad_row_is_refused_alone_and_says_why() {
    let pool = Pool::new().await;
    let header = "caller_id,carrier,area_code,hourly_limit,daily_limit,max_concurrent,time_zone,active,attestation,labels";
    let long = "x".repeat(101);
    let many = (0..80).map(|_| ",").collect::<String>();
    let flood = "abcdefghijklmnopq".split("").collect::<Vec<_>>().join(";");
    for (row, why) in [
        (",,,,,,,,,", "caller_id is empty"),
        ("letters,,,,,,,,,", "caller_id has the letter 'l'"),
        ("911,,,,,,,,,", "caller_id is an emergency number"),
        ("555,,,,,,,,,", "caller_id "),
        ("2125550101;ext=5,,,,,,,,,", "caller_id "),
        ("2125550101,,,-1,,,,,,", "hourly_limit is negative"),
        (
            "2125550101,,,,99999999999999999999,,,,,",
            "daily_limit is over 1000000",
        ),
        ("2125550101,,,,1e3,,,,,", "daily_limit is no whole number"),
        ("2125550101,,,1.5,,,,,,", "hourly_limit is no whole number"),
        ("2125550101,,,,,0,,,,", "max_concurrent is not in 1 to 1000"),
        (
            "2125550101,,,,,70000,,,,",
            "max_concurrent is not in 1 to 1000",
        ),
        ("2125550101,,abc,,,,,,,", "area_code is not 1 to 8 digits"),
        (
            "2125550101,,,,,,Mars/Base,,,",
            "time_zone is no IANA time zone",
        ),
        (
            "2125550101,,,,,,,maybe,,",
            "active is neither true nor false",
        ),
        ("2125550101,,,,,,,,D,", "attestation is none of A, B, C"),
        ("2125550101,,,,,,,,,Gold", "labels has 'G'"),
        (
            &format!("2125550101,,,,,,,,,{flood}"),
            "labels has more than 16",
        ),
        (
            &format!("2125550101,{long},,,,,,,,"),
            "carrier has 101 characters",
        ),
        ("2125550101,a\u{7}b,,,,,,,,", "carrier "),
        ("2125550101,x", "row has 2 cells, the header has 10"),
        (
            "2125550101,,,,,,,,,,",
            "row has 11 cells, the header has 10",
        ),
        (&format!("2125550101{many}"), "row has many more cells"),
        (
            "2125550101,\"two\nlines\",,,,,,,,",
            "carrier has a line break",
        ),
    ] {
        let good = "2125550100,,,,,,,,,\n";
        let report = pool.import(format!("{header}\n\n{row}\n{good}")).await;
        let (line, said) = refused(&report);
        assert!(line == 3 && said.starts_with(why), "{row}: {line} {said}");
        assert_eq!(report.added + report.unchanged, 1, "{row}");
    }
    let report = pool
        .import(b"caller_id,carrier\n2125550101,\xff\xfe\n2125550100,\n")
        .await;
    assert_eq!(
        refused(&report),
        (2, "carrier is not UTF-8 text".to_owned())
    );
}

#[tokio::test]
async fn a_number_stands_in_a_file_once_however_it_is_written() {
    let pool = Pool::new().await;
    let report = pool
        .import("caller_id,carrier\n2125550100,A\n3105550100,A\n+1 (212) 555-0100,B\n")
        .await;
    let (line, why) = refused(&report);
    assert_eq!(
        (line, why.as_str()),
        (4, "caller_id is the same number as in line 2")
    );
    assert_eq!(pool.number(12_125_550_100).await.carrier, "A");
}

#[tokio::test]
async fn a_file_that_is_no_list_is_refused_before_anything_is_written() {
    let pool = Pool::new().await;
    let garbage: Vec<u8> = (0..200_000u32)
        .map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    for (file, why) in [
        (&b""[..], "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"2125550100\n", "the first row is no header"),
        (b"caller_id;carrier\n", "separated by commas"),
        (b"caller_id,carier\n", "do you mean carrier?"),
        (
            b"caller_id,hue\n",
            "column 2 of the header is unknown: \"hue\"; the columns are caller_id,",
        ),
        (b"caller_id,\n", "the first row is no header"),
        (b"carrier\n", "no column caller_id"),
        (
            b"note,caller_id,NOTE\n",
            "the column note stands in the header twice",
        ),
        (b"\xff\xfec\0a\0l\0l\0\n\0", "not UTF-8"),
        (&vec![b'a'; 200_000], "far too long"),
        (&vec![0; 200_000], "far too long"),
        (&garbage, ""),
    ] {
        let refused = pool.import_of(file, false).await.unwrap_err();
        assert!(
            matches!(&refused, ImportError::Header(said) if said.contains(why)),
            "{why}: {refused}"
        );
    }
    let imports = pool.target.store.caller_id_imports();
    assert_eq!(imports.list(None, 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_quote_that_is_never_closed_ends_the_file_and_that_is_said() {
    let pool = Pool::new().await;
    let rows = "2125550199,x\n".repeat(20_000);
    let report = pool
        .import(format!(
            "caller_id,carrier\n2125550100,A\n2125550101,\"B\n{rows}"
        ))
        .await;
    let (line, why) = refused(&report);
    assert!(line == 3 && why.contains("read no further"), "{line} {why}");
    assert_eq!((counts(&report), report.cut_off), ([1, 0, 0, 1], true));
}

#[tokio::test]
async fn the_report_is_bounded_and_counts_the_rest() {
    let pool = Pool::new().await;
    let rows = (0..3_000).map(|row| ["x".to_owned(), format!("212{:07}", 2_000_000 + row)]);
    let rows = rows.flatten().collect::<Vec<_>>().join(
        "
",
    );
    let trial = pool
        .import_of(format!("caller_id\n{rows}").as_bytes(), true)
        .await
        .unwrap();
    assert_eq!(counts(&trial), [3_000, 0, 0, 3_000]);
    assert_eq!(
        (trial.rows.len(), trial.rows_left_out),
        (2 * MAX_REPORTED, 4_000)
    );
    let report = pool.import(format!("caller_id\n{rows}")).await;
    assert_eq!(counts(&report), [3_000, 0, 0, 3_000]);
    assert_eq!(
        (report.rows.len(), report.rows_left_out),
        (MAX_REPORTED, 2_000)
    );
}
