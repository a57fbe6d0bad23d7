#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicBool;

use model::ServerId;

use super::*;

#[derive(Clone, Default)]
struct Database {
    away: Arc<AtomicBool>,
    events: Arc<Mutex<Vec<u64>>>,
    attempts: Arc<AtomicU64>,
}

impl Sink for Database {
    async fn apply(&self, events: &[Event]) -> Result<(), String> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        if self.away.load(Ordering::Relaxed) {
            return Err("connection refused".to_owned());
        }
        lock(&self.events).extend(events.iter().map(|event| event.seq));
        Ok(())
    }
}

impl Database {
    fn seqs(&self) -> Vec<u64> {
        lock(&self.events).clone()
    }
}

fn facts(count: usize) -> Vec<EventBody> {
    let server = ServerId::new(Timestamp::default(), 1);
    vec![EventBody::ServerReplaced { server }; count]
}

fn small() -> Limits {
    Limits {
        max_bytes: 10_000,
        segment_bytes: 1_000,
        max_unwritten: 50,
    }
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn what_was_written_before_a_crash_reaches_the_database_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _never_run) = <Journal>::open(folder.path(), 0, small()).unwrap();
    let seqs: Vec<u64> = journal
        .append(Timestamp::default(), facts(3))
        .iter()
        .map(|e: &Event| e.seq)
        .collect();
    assert_eq!(seqs, [1, 2, 3]);
    drop(journal);

    let database = Database::default();
    let (mut journal, mut applier) = <Journal>::open(folder.path(), 1, small()).unwrap();
    assert_eq!(journal.status().get().behind, 2);
    assert_eq!(journal.append(Timestamp::default(), facts(1))[0].seq, 4);
    applier.catch_up(&database).await.unwrap();
    assert_eq!(database.seqs(), [2, 3, 4], "1 was in the database already");
    let status = journal.status().get();
    assert_eq!((status.behind, status.bytes), (0, 0));
}

#[tokio::test]
async fn files_are_removed_once_their_events_are_in_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, mut applier) = <Journal>::open(folder.path(), 0, small()).unwrap();
    for _ in 0..100 {
        journal.append(Timestamp::default(), facts(1));
    }
    assert!(files(folder.path()) > 5, "rotated");
    let database = Database::default();
    applier.catch_up(&database).await.unwrap();
    assert_eq!(database.seqs(), (1..=100).collect::<Vec<_>>());
    assert_eq!(files(folder.path()), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_while_the_database_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, applier) = <Journal>::open(folder.path(), 0, small()).unwrap();
    let status = journal.status();
    let database = Database::default();
    database.away.store(true, Ordering::Relaxed);
    let running = tokio::spawn(applier.run(database.clone()));

    journal.append(Timestamp::default(), facts(20));
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    assert_eq!(status.get().behind, 20);
    assert_eq!(
        status.get().apply_error.as_deref(),
        Some("connection refused")
    );
    let attempts = database.attempts.load(Ordering::Relaxed);
    assert!(
        (10..30).contains(&attempts),
        "{attempts} attempts in a minute"
    );

    database.away.store(false, Ordering::Relaxed);
    journal.append(Timestamp::default(), facts(1));
    drop(journal);
    running.await.unwrap();
    assert_eq!(database.seqs(), (1..=21).collect::<Vec<_>>());
    assert_eq!(status.get().apply_error, None);
}

#[tokio::test]
async fn a_full_journal_refuses_calls_but_keeps_events() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, mut applier) = <Journal>::open(folder.path(), 0, small()).unwrap();
    assert!(!journal.status().refuses_calls());
    journal.append(Timestamp::default(), facts(200));
    assert!(journal.status().refuses_calls());
    let database = Database::default();
    applier.catch_up(&database).await.unwrap();
    assert_eq!(database.seqs().len(), 200);
    assert!(!journal.status().refuses_calls());
}

#[test]
fn half_an_event_at_the_end_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    journal.append(Timestamp::default(), facts(2));
    drop(journal);
    let path = oldest(folder.path());
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 7]).unwrap();

    let (mut journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    assert_eq!(journal.append(Timestamp::default(), facts(1))[0].seq, 2);
}

#[test]
fn damage_in_the_middle_is_an_error_that_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    journal.append(Timestamp::default(), facts(3));
    drop(journal);
    let path = oldest(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    let second_line = bytes.iter().position(|b| *b == b'\n').unwrap() + 1;
    bytes[second_line + 20] ^= 1;
    fs::write(&path, bytes).unwrap();

    let error = <Journal>::open(folder.path(), 0, small()).unwrap_err();
    assert!(
        matches!(error, JournalError::Damaged { offset, .. } if offset == second_line as u64),
        "{error}"
    );
}

#[test]
fn a_missing_stretch_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = <Journal>::open(folder.path(), 10, small()).unwrap();
    assert_eq!(journal.append(Timestamp::default(), facts(1))[0].seq, 11);
    drop(journal);
    let error = <Journal>::open(folder.path(), 5, small()).unwrap_err();
    assert!(
        matches!(
            error,
            JournalError::Gap {
                first: 11,
                applied: 5
            }
        ),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read_at_first_is_read_later_and_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, applier) = <Journal>::open(folder.path(), 0, Limits::default()).unwrap();
    let database = Database::default();
    let running = tokio::spawn(applier.run(database.clone()));
    journal.append(Timestamp::default(), facts(5));
    while journal.status().get().behind > 0 {
        tokio::task::yield_now().await;
    }
    let path = oldest(folder.path());
    let bytes = fs::read(&path).unwrap();
    // What is appended cannot be read while the file looks damaged.
    journal.append(Timestamp::default(), facts(5));
    let whole = fs::read(&path).unwrap();
    let mut damaged = whole.clone();
    damaged[bytes.len() + 20] ^= 1;
    fs::write(&path, &damaged).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert!(journal.status().get().apply_error.is_some());
    fs::write(&path, &whole).unwrap();
    while journal.status().get().behind > 0 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    let status = journal.status();
    assert_eq!((status.get().bytes, status.refuses_calls()), (0, false));
    drop(journal);
    running.await.unwrap();
    assert_eq!(database.seqs(), (1..=10).collect::<Vec<_>>());
}

#[test]
fn what_neither_disk_nor_memory_takes_leaves_no_hole() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    journal.append(Timestamp::default(), facts(1));
    let writable = refuse(&mut journal, folder.path());
    let told = journal.append(Timestamp::default(), facts(80));
    assert_eq!((told.len(), journal.status().get().lost), (50, 30));
    assert!(journal.status().refuses_calls());
    journal.file = writable;
    assert_eq!(journal.append(Timestamp::default(), facts(1))[0].seq, 52);
    assert!(journal.status().get().write_error.is_none());
    drop(journal);
    let (journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    assert_eq!(journal.status().get().seq, 52);
}

#[test]
fn what_waited_goes_into_files_of_the_usual_size() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        max_unwritten: 2_000,
        ..small()
    };
    let (mut journal, _) = <Journal>::open(folder.path(), 0, limits).unwrap();
    let writable = refuse(&mut journal, folder.path());
    journal.append(Timestamp::default(), facts(1_500));
    assert_eq!(journal.written(), 0);
    journal.file = writable;
    journal.flush();
    assert_eq!(journal.written(), 1_500);
    assert_eq!(files(folder.path()), 3, "one for each write");
}

#[test]
fn half_a_batch_that_could_not_be_cut_off_is_cut_off_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    journal.append(Timestamp::default(), facts(1));
    let mut writable = refuse(&mut journal, folder.path());
    journal.append(Timestamp::default(), facts(1));
    writable.write_all(b"0123abcd {\"seq\":2,").unwrap();
    journal.file = writable;
    journal.append(Timestamp::default(), facts(1));
    drop(journal);
    let (journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    assert_eq!(journal.status().get().seq, 3);
}

/// The whole test again in a process whose files cannot grow over 4 KiB: a write over it is done by half.
#[test]
fn half_a_batch_on_a_full_disk_is_cut_off_at_once() {
    const LIMITED: &str = "CORDBOARD_TEST_LIMITED";
    if std::env::var_os(LIMITED).is_none() {
        let test = "journal::tests::half_a_batch_on_a_full_disk_is_cut_off_at_once";
        let done = std::process::Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .env(LIMITED, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(
            done.status.success() && said.contains("1 passed"),
            "{done:?}"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = <Journal>::open(folder.path(), 0, Limits::default()).unwrap();
    journal.append(Timestamp::default(), facts(25));
    let (whole, path) = (journal.file_bytes, oldest(folder.path()));
    journal.append(Timestamp::default(), facts(20));
    assert_eq!(journal.written(), 25);
    assert!(journal.status().refuses_calls());
    assert_eq!(fs::metadata(&path).unwrap().len(), whole, "cut off");
    journal.limits.segment_bytes = 1;
    journal.flush();
    assert_eq!(journal.written(), 45, "a new file has room");
    drop(journal);
    let (journal, _) = <Journal>::open(folder.path(), 0, Limits::default()).unwrap();
    assert_eq!(journal.status().get().seq, 45);
}

#[test]
fn an_old_file_that_the_disk_does_not_take_keeps_nothing_out_of_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    journal.file = unsyncable();
    journal.file_bytes = small().segment_bytes;
    journal.append(Timestamp::default(), facts(3));
    let status = journal.status().get();
    assert_eq!((journal.written(), status.write_error), (3, None));
    drop(journal);
    let (journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    assert_eq!(journal.status().get().seq, 3);
}

#[test]
fn a_disk_that_does_not_take_the_file_is_told_until_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = <Journal>::open(folder.path(), 0, small()).unwrap();
    assert!(journal.sync().is_none(), "nothing is written yet");
    journal.append(Timestamp::default(), facts(1));
    let good = std::mem::replace(&mut journal.file, unsyncable());
    journal.sync().expect("an event to bring to the disk")();
    let status = journal.status();
    assert!(status.get().sync_error.is_some());
    assert!(!status.refuses_calls(), "it is written all the same");
    journal.file = good;
    journal.sync().expect("another try")();
    assert_eq!(status.get().sync_error, None);
    assert!(journal.sync().is_none());
}

/// Removes a file while it is being read.
struct Vandal(Database, PathBuf);

impl Sink for Vandal {
    async fn apply(&self, events: &[Event]) -> Result<(), String> {
        let _ = fs::remove_file(&self.1);
        self.0.apply(events).await
    }
}

#[tokio::test]
async fn a_file_that_could_not_be_removed_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, mut applier) = <Journal>::open(folder.path(), 0, small()).unwrap();
    for _ in 0..100 {
        journal.append(Timestamp::default(), facts(1));
    }
    let first = oldest(folder.path());
    let kept = fs::read(&first).unwrap();
    let database = Database::default();
    let vandal = Vandal(database.clone(), first.clone());
    applier.catch_up(&vandal).await.unwrap();
    assert_eq!(database.seqs(), (1..=100).collect::<Vec<_>>());
    assert_eq!(files(folder.path()), 1);
    drop(journal);

    fs::write(&first, &kept).unwrap();
    let (mut journal, mut applier) = <Journal>::open(folder.path(), 100, small()).unwrap();
    journal.append(Timestamp::default(), facts(1));
    applier.catch_up(&database).await.unwrap();
    assert_eq!(database.seqs().last(), Some(&101));
    assert_eq!(database.seqs().len(), 101, "none twice");
    assert_eq!(journal.status().get().bytes, 0);
    assert!(!first.exists());
}

/// The disk refuses what is written to `journal`, and to cut it off too. Gives the file that took it before.
fn refuse(journal: &mut Journal, folder: &Path) -> File {
    let read_only = File::open(oldest(folder)).unwrap();
    std::mem::replace(&mut journal.file, read_only)
}

/// A file that takes everything but cannot be brought to a disk.
fn unsyncable() -> File {
    File::options().write(true).open("/dev/null").unwrap()
}

fn oldest(folder: &Path) -> PathBuf {
    files_of(folder).into_iter().min().unwrap()
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().path()).collect()
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_an_event_or_none(bytes: Vec<u8>) {
        let _ = segment::decode::<Event>(&bytes);
    }
}

/// Bytes of any kind.
#[derive(Debug, PartialEq, Eq)]
struct Raw(u64, Vec<u8>);

impl Entry for Raw {
    type Body = Vec<u8>;

    fn new(seq: u64, _: Timestamp, body: Vec<u8>) -> Self {
        Self(seq, body)
    }

    fn seq(&self) -> u64 {
        self.0
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.0.to_le_bytes());
        to.extend(&self.1);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (seq, body) = bytes.split_first_chunk()?;
        Some(Self(u64::from_le_bytes(*seq), body.to_vec()))
    }
}

#[derive(Clone, Default)]
struct Taken(Arc<Mutex<Vec<Vec<u8>>>>);

impl Sink<Raw> for Taken {
    async fn apply(&self, entries: &[Raw]) -> Result<(), String> {
        lock(&self.0).extend(entries.iter().map(|entry| entry.1.clone()));
        Ok(())
    }
}

#[tokio::test]
async fn entries_may_hold_any_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bodies = [
        Vec::new(),
        b"\n".to_vec(),
        b"\x1b\n\x1bJ[\n\n".to_vec(),
        (0..=255).collect(),
    ];
    let (mut journal, _) = Journal::<Raw>::open(folder.path(), 0, small()).unwrap();
    for _ in 0..5 {
        journal.append(Timestamp::default(), bodies.clone());
    }
    drop(journal);
    let (_journal, mut applier) = Journal::<Raw>::open(folder.path(), 0, small()).unwrap();
    let taken = Taken::default();
    applier.catch_up_once(&taken).await.unwrap();
    let taken = lock(&taken.0).clone();
    assert_eq!(taken.len(), 20);
    assert!(taken.chunks(4).all(|chunk| chunk == bodies));
}

#[test]
fn what_waits_is_given_in_pieces_and_forgotten_in_order() {
    let mut waiting = Unwritten::default();
    assert_eq!(
        (waiting.first(2), waiting.first_seq()),
        ((0, &[][..]), None)
    );
    let mut all = Vec::new();
    for seq in 1..=5 {
        let entry = Raw(seq, vec![b'x'; 3]);
        waiting.push(&entry);
        segment::encode(&entry, &mut all);
    }
    let line = all.len() / 5;
    assert_eq!(waiting.first(2), (2, &all[..2 * line]));
    waiting.forget(2);
    assert_eq!((waiting.first_seq(), waiting.len()), (Some(3), 3));
    waiting.push(&Raw(1, vec![b'x'; 3]));
    assert_eq!(waiting.first(2), (4, &all[2 * line..4 * line]));
    waiting.forget(2);
    assert_eq!(waiting.first(9).1.len(), 2 * line);
    waiting.forget(9);
    assert!(waiting.is_empty());
}
