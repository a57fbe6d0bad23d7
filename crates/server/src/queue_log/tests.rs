//! Whole files into a store.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::io::Read as _;

use jiff::tz::TimeZone;
use model::{
    Agent, AgentId, Call, EndedBy, OfferResult, Outcome, OverflowReason, Queue, QueueId, ServerId,
    Timestamp,
};
use proptest::prelude::*;
use store::{CallFilter, Offer, Store};

use super::calls::Calls;
use super::entry::piped;
use super::lines::Lines;
use super::{Import, ImportError, Report, Source, Task, unpacked};
use crate::clock::Clock;
use crate::numbers::Numbers;

/// A day of a queue: one answered, one abandoned, one timed out into another queue, one who pressed a key.
const DAY: &str = "\
1767312000|NONE|NONE|NONE|QUEUESTART|
1767312001|NONE|sales|Zoe Example|ADDMEMBER|
1767312010|1767312009.1|sales|NONE|DID|5550100
1767312010|1767312009.1|sales|NONE|ENTERQUEUE||12025550147|1
1767312015|1767312009.1|sales|PJSIP/101|RINGNOANSWER|5000
1767312020|1767312009.1|sales|Zoe Example|CONNECT|10|1767312016.2|4
1767312080|1767312009.1|sales|Zoe Example|COMPLETEAGENT|10|60|1
1767312100|1767312099.3|sales|NONE|ENTERQUEUE||anonymous|1
1767312103|1767312099.3|sales|PJSIP/101|RINGNOANSWER|0
1767312107|1767312099.3|sales|NONE|ABANDON|1|1|7
1767312200|1767312199.4|sales|NONE|ENTERQUEUE||12025550148|1
1767312230|1767312199.4|sales|NONE|EXITWITHTIMEOUT|1|1|30
1767312230|1767312199.4|Night shift|NONE|ENTERQUEUE||12025550148|1
1767312245|1767312199.4|Night shift|NONE|EXITWITHKEY|5|1|1|15
1767312300|1767312299.5|sales|NONE|JOINEMPTY
1767312301|NONE|sales|Zoe Example|PAUSE|lunch
";

struct Centre {
    store: Store,
    sales: QueueId,
    zoe: AgentId,
}

fn server() -> ServerId {
    ServerId(uuid::Uuid::from_u128(7))
}

impl Centre {
    async fn new() -> Self {
        let store = Store::open("sqlite::memory:").await.unwrap();
        store.migrate().await.unwrap();
        let (at, random) = Clock::start().id();
        let sales = Queue::new(QueueId::new(at, random), "sales");
        store.queues().create(&sales).await.unwrap();
        let zoe = Agent {
            id: AgentId::new(at, random),
            name: "Zoe Example".to_owned(),
            extension: "102".to_owned(),
            user: None,
            skills: [].into(),
            active: true,
        };
        store.agents().create(&zoe).await.unwrap();
        let (sales, zoe) = (sales.id, zoe.id);
        Self { store, sales, zoe }
    }

    async fn import(&self, files: &[&[u8]], task: Task) -> Result<Report, ImportError> {
        let source = Source {
            server: server(),
            zone: TimeZone::get("Europe/Bratislava").unwrap(),
            numbers: Numbers::new("US").unwrap(),
            keep_since: None,
            task,
        };
        self.import_as(source, files, 64 * 1024).await
    }

    async fn import_as(
        &self,
        source: Source,
        files: &[&[u8]],
        size: usize,
    ) -> Result<Report, ImportError> {
        let clock = Clock::start();
        let mut import = Import::new(self.store.clone(), clock, source).await?;
        for file in files {
            import.file("queue_log");
            // The first line comes whole.
            let first = file
                .iter()
                .position(|byte| *byte == b'\n')
                .unwrap_or(file.len());
            import.take(&file[..first]).await?;
            for piece in file[first..].chunks(size) {
                import.take(piece).await?;
            }
            import.end_file().await?;
        }
        import.finish().await
    }

    async fn add(&self, file: &str) -> Report {
        self.import(&[file.as_bytes()], Task::Add).await.unwrap()
    }

    /// All calls, the first first.
    async fn calls(&self) -> Vec<Call> {
        let (log, filter) = (self.store.calls(), CallFilter::default());
        let mut calls = log.page(&filter, None, 500).await.unwrap();
        calls.sort_by_key(|call| (call.arrived_at, call.ended_at));
        calls
    }

    async fn offers(&self, call: &Call) -> Vec<Offer> {
        self.store.calls().offers_of(call.id).await.unwrap()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

#[tokio::test]
async fn a_day_becomes_calls_with_their_offers() {
    let centre = Centre::new().await;
    let report = centre.add(DAY).await;
    assert_eq!((report.added, report.refused, report.lines), (5, 0, 16));
    assert_eq!(report.unfinished, 0);
    let calls = centre.calls().await;
    let [answered, abandoned, timed_out, left, refused] = &calls[..] else {
        panic!("{calls:#?}");
    };
    assert_eq!(
        (answered.queue, answered.agent, answered.outcome),
        (
            Some(centre.sales),
            Some(centre.zoe),
            Some(Outcome::Answered)
        )
    );
    assert_eq!(answered.caller.e164.as_deref(), Some("+12025550147"));
    assert_eq!(answered.dialled, "5550100");
    assert_eq!(answered.ended_by, Some(EndedBy::Agent));
    assert_eq!(
        (answered.wait_ms, answered.talk_ms),
        (Some(10_000), Some(60_000))
    );
    assert_eq!(answered.answered_at, Some(at(1_767_312_020)));
    assert_eq!(answered.ended_at, Some(at(1_767_312_080)));
    let offers = centre.offers(answered).await;
    let results: Vec<_> = offers
        .iter()
        .map(|it| (it.result.unwrap(), it.ring_ms))
        .collect();
    assert_eq!(
        results,
        [
            (OfferResult::Missed, Some(5_000)),
            (OfferResult::Answered, Some(4_000))
        ]
    );
    assert_eq!(answered.offer, Some(offers[1].id));
    assert_eq!(
        (
            abandoned.outcome,
            abandoned.ended_by,
            abandoned.wait_ms,
            abandoned.talk_ms
        ),
        (
            Some(Outcome::Abandoned),
            Some(EndedBy::Caller),
            Some(7_000),
            None
        )
    );
    assert_eq!(abandoned.caller.e164, None);
    let offers = centre.offers(abandoned).await;
    assert_eq!(offers[0].result, Some(OfferResult::Unreachable));
    for (call, reason, wait) in [
        (timed_out, OverflowReason::MaxWait, 30_000),
        (left, OverflowReason::KeyPressed, 15_000),
        (refused, OverflowReason::NoAgents, 0),
    ] {
        assert_eq!(call.outcome, Some(Outcome::Overflowed));
        assert_eq!(
            (call.overflow_reason, call.wait_ms),
            (Some(reason), Some(wait))
        );
    }
    assert_eq!(report.queues_made, ["night-shift"]);
    assert_eq!(report.agents_made, ["PJSIP/101 (101)"]);
    let night = centre
        .store
        .queues()
        .by_name("night-shift")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (night.display_name.as_str(), night.active),
        ("Night shift", false)
    );
    assert_eq!(left.queue, Some(night.id));
    let kind = |event: &str| {
        let kind = &report.events[event];
        (kind.taken, kind.ignored, kind.refused)
    };
    assert_eq!((kind("ENTERQUEUE"), kind("PAUSE")), ((4, 0, 0), (0, 1, 0)));
}

#[tokio::test]
async fn a_second_time_changes_nothing_and_all_can_be_taken_back() {
    let centre = Centre::new().await;
    let trial = centre.import(&[DAY.as_bytes()], Task::Try).await.unwrap();
    assert_eq!((trial.added, trial.dry_run), (5, true));
    assert_eq!(trial.queues_made, ["night-shift"]);
    assert!(centre.calls().await.is_empty());
    assert!(
        centre
            .store
            .queues()
            .by_name("night-shift")
            .await
            .unwrap()
            .is_none()
    );

    centre.add(DAY).await;
    let calls = centre.calls().await;
    let again = centre.add(DAY).await;
    assert_eq!((again.added, again.unchanged), (0, 5));
    assert_eq!(again.agents_made, [""; 0]);
    assert_eq!(centre.calls().await, calls);

    // In two files, cut anywhere, and in small pieces.
    let (first, second) = DAY.as_bytes().split_at(DAY.find("1767312080").unwrap());
    let back = centre
        .import(&[first, second], Task::TakeBack)
        .await
        .unwrap();
    assert_eq!(back.removed, 5);
    assert!(centre.calls().await.is_empty());
    assert!(centre.offers(&calls[0]).await.is_empty());
    let source = Source {
        server: server(),
        zone: TimeZone::UTC,
        numbers: Numbers::new("US").unwrap(),
        keep_since: None,
        task: Task::Add,
    };
    let report = centre
        .import_as(source, &[first, second], 11)
        .await
        .unwrap();
    assert_eq!((report.added, report.refused), (5, 0));
    assert_eq!(centre.calls().await, calls);
}

#[tokio::test]
async fn packed_files_and_dumps_of_the_table_give_the_same_calls() {
    let centre = Centre::new().await;
    centre.add(DAY).await;
    let mut packed = Vec::new();
    let level = flate2::Compression::fast();
    let mut packing = flate2::read::GzEncoder::new(DAY.as_bytes(), level);
    packing.read_to_end(&mut packed).unwrap();
    let mut plain = String::new();
    unpacked(&packed[..])
        .unwrap()
        .read_to_string(&mut plain)
        .unwrap();
    assert_eq!(plain, DAY);

    let mut rows =
        "\u{feff}id,time,callid,queuename,agent,event,data,data1,data2,data3,data4,data5\r\n"
            .to_owned();
    for (id, line) in DAY.lines().enumerate() {
        let fields: Vec<&str> = line.split('|').collect();
        let shown = at(fields[0].parse().unwrap()).to_jiff();
        let shown = shown.to_zoned(TimeZone::get("Europe/Bratislava").unwrap());
        let shown = shown.strftime("%Y-%m-%d %H:%M:%S.000000");
        let [call, queue, agent, event] = [fields[1], fields[2], fields[3], fields[4]];
        let data = fields[5..].join("|");
        let _ = writeln!(
            rows,
            "{id},{shown},{call},{queue},\"{agent}\",{event},{data},,,NULL,\\N,\r"
        );
    }
    let table = centre.import(&[rows.as_bytes()], Task::Add).await.unwrap();
    assert_eq!(
        (table.added, table.unchanged, table.refused),
        (0, 5, 0),
        "{table:?}"
    );

    let strange = centre
        .import(&[b"time,callid,event\n1,2,3\n"], Task::Add)
        .await;
    assert!(matches!(strange, Err(ImportError::Header(_))));
}

#[tokio::test]
async fn bad_lines_are_refused_alone_and_told() {
    let centre = Centre::new().await;
    let file = format!(
        "\u{feff}NTERQUEUE||5550100|1\r\n\
         1767312000|1.1|sales|NONE|ENTERQUEUE||5550100|1\r\n\
         {}\r\n\
         1767312000|NONE|sales|NONE|ENTERQUEUE||5550100|1\r\n\
         1767312003|1.1|support|Zoe Example|CONNECT|3|1.2|2\r\n\
         1767312003|1.1|sales|Zoe Example|CONNECT|99999999999999999999|1.2|-7\r\n\
         1767312003|1.1|sales|Zoe Example|CONNECT|3|1.2|2\r\n\
         1767312004|1.1|sales|NONE|ABANDON|1|1|4\r\n\
         1767312002|1.1|sales|Zoe Example|COMPLETECALLER|3|-5|1\r\n\
         1767312010|1.1|sales|Zoe Example|COMPLETECALLER|3|7|1\r\n\
         1767312020|9.9|sales|Zoe Example|COMPLETECALLER|3|7|1\r\n\
         1767312020|9.8|sales|NONE|MYOWN|x\r\n\
         1767312020|9.7|'; DROP TABLE calls; --|NONE|ENTERQUEUE||=1+1|1\r\n\
         1767312021|9.7|'; DROP TABLE calls; --|NONE|ABANDON|1|1|1\r\n\
         1767312030|9.6|sales|NONE|ENTERQUEUE||5550100|1",
        "x".repeat(9_000)
    );
    let report = centre.add(&file).await;
    let refused: Vec<u64> = report.refused_lines.iter().map(|line| line.line).collect();
    assert_eq!(refused, [1, 3, 4, 5, 7, 8, 10, 11], "{report:#?}");
    assert_eq!((report.added, report.unfinished, report.refused), (2, 1, 8));
    assert_eq!(report.events["MYOWN"].ignored, 1);
    let calls = centre.calls().await;
    // The clock went back between two lines: nobody talks for less than nothing.
    assert_eq!((calls[0].wait_ms, calls[0].talk_ms), (Some(3_000), Some(0)));
    assert_eq!(calls[1].caller.number, "=1+1");
    assert_eq!(report.queues_made, ["---drop-table-calls----"]);
}

#[tokio::test]
async fn the_logs_own_durations_count_where_its_clock_jumps() {
    let centre = Centre::new().await;
    centre
        .add(
            "1767312000|1.1|sales|NONE|ENTERQUEUE||5550100|1\n\
             1767308410|1.1|sales|Zoe Example|CONNECT|10|1.2|2\n\
             1767308500|1.1|sales|Zoe Example|BLINDTRANSFER|5550101|internal|10|90|1\n",
        )
        .await;
    let calls = centre.calls().await;
    assert_eq!(
        (calls[0].wait_ms, calls[0].talk_ms),
        (Some(10_000), Some(90_000))
    );
    assert_eq!(calls[0].ended_at, Some(at(1_767_312_100)));
}

#[tokio::test]
async fn what_a_stopped_asterisk_took_with_it_has_no_figures() {
    let centre = Centre::new().await;
    let report = centre
        .add(
            "1767312000|1.1|sales|NONE|ENTERQUEUE||5550100|1\n\
             1767312010|1.1|sales|Zoe Example|CONNECT|10|1.2|2\n\
             1767312011|1.3|sales|NONE|ENTERQUEUE||5550101|1\n\
             1767312020|1.3|sales|PJSIP/101|RINGNOANSWER|9000\n\
             1767399999|NONE|NONE|NONE|QUEUESTART|\n\
             1767400000|1.3|sales|NONE|ABANDON|1|1|7\n",
        )
        .await;
    assert_eq!((report.added, report.refused), (2, 1));
    let calls = centre.calls().await;
    let seen = Some(at(1_767_312_020));
    assert_eq!(
        (calls[0].outcome, calls[0].ended_at),
        (Some(Outcome::Answered), seen)
    );
    assert_eq!((calls[0].wait_ms, calls[0].talk_ms), (Some(10_000), None));
    assert_eq!(
        (calls[1].outcome, calls[1].ended_at),
        (Some(Outcome::Failed), seen)
    );
    assert_eq!(calls[1].wait_ms, None);
}

#[tokio::test]
async fn a_caller_who_enters_again_in_the_same_second_is_another_call() {
    let centre = Centre::new().await;
    let once = "1767312000|1.1|sales|NONE|ENTERQUEUE||5550100|1\n1767312000|1.1|sales|NONE|EXITEMPTY|1|1|0\n";
    let report = centre.add(&once.repeat(3)).await;
    assert_eq!((report.added, report.unchanged), (3, 0));
    let report = centre.add(&once.repeat(3)).await;
    assert_eq!((report.added, report.unchanged), (0, 3));
}

/// Lines that are nearly right, in any order.
fn nearly() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "1767312000",
        "1767312009",
        "1767400000",
        "-1",
        "",
        "1.1",
        "1.2",
        "NONE",
        "sales",
        "Zoe",
        "ENTERQUEUE",
        "CONNECT",
        "COMPLETEAGENT",
        "ABANDON",
        "EXITWITHKEY",
        "RINGNOANSWER",
        "DID",
        "QUEUESTART",
        "99999999999999999999",
        "7",
        "\0",
        "'",
        "é",
    ]);
    let line = prop::collection::vec(word, 0..9).prop_map(|words| words.join("|"));
    let entered = Just("1767312000|1.1|sales|NONE|ENTERQUEUE||5550100|1".to_owned());
    let connected = Just("1767311000|1.1|sales|Zoe|CONNECT|3|1.2|2".to_owned());
    let ended = Just("1767312009|1.1|sales|Zoe|COMPLETECALLER|3|7|1".to_owned());
    prop::collection::vec(prop_oneof![line, entered, connected, ended], 0..30)
        .prop_map(|lines| lines.join("\n"))
}

/// Reads a file as far as calls; how many entered, ended, and have no end.
fn read(file: &[u8]) -> (u64, u64, u64) {
    let latest = at(1_800_000_000);
    let (mut calls, mut entered) = (Calls::default(), 0);
    Lines::default().take(file, true, |number, line| {
        let text = String::from_utf8_lossy(line.unwrap_or_default());
        if let Ok(entry) = piped(&text, latest)
            && calls.take(number, &entry).is_ok()
        {
            entered += u64::from(entry.name == "ENTERQUEUE");
        }
    });
    let finished = calls.finished();
    for past in &finished {
        let answered_at = past.answered.as_ref().map(|it| it.at);
        let answered_at = answered_at.unwrap_or(past.key.entered_at);
        assert!(past.key.entered_at <= answered_at && answered_at <= past.ended_at);
        assert_eq!(past.answered.is_some(), past.outcome == Outcome::Answered);
    }
    (entered, finished.len() as u64, calls.unfinished())
}

proptest! {
    #[test]
    fn whatever_stands_in_a_file_is_read(file in prop::collection::vec(any::<u8>(), 0..3_000)) {
        read(&file);
    }

    #[test]
    fn whoever_entered_has_ended_or_has_no_end(file in nearly()) {
        let (entered, ended, unfinished) = read(file.as_bytes());
        prop_assert_eq!(entered, ended + unfinished);
    }
}
