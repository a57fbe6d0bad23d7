//! Files that grow, are rotated, emptied, exported anew or damaged.

#![allow(clippy::unwrap_used)]

use std::{fs, io::Write as _, path::Path};

use flate2::{Compression, write::GzEncoder};

use super::{
    super::{Part, Raw},
    *,
};

/// Keeps what it is given: extension, seconds and destination.
#[derive(Default)]
struct Seen(Vec<String>);

impl Sink for Seen {
    fn take(&mut self, row: Raw<'_>) {
        let (who, to) = (row.get(Part::Extension), row.get(Part::Destination));
        self.0.push(format!("{who} {to} {}", row.billed));
    }
}

fn line(to: &str) -> String {
    format!(
        "\"\",\"2001\",\"{to}\",\"in\",\"\"\"Zoe, or \"\"\"\"Z\"\"\"\"\"\" <2001>\",\"PJSIP/2001-1\",\"PJSIP/t-2\",\"Dial\",\"\",\"2026-03-02 09:00:00\",,\"2026-03-02 09:02:00\",120,110,\"ANSWERED\",\"DOCUMENTATION\",\"1772442000.1\",\"\"\n"
    )
}

fn append(path: &Path, text: &str) {
    let mut file = fs::File::options()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Reads until the end, from where it was left; the destinations of the rows, whether they may have been there before.
async fn rest(file: &File, place: &mut Option<FilePlace>) -> (Vec<String>, bool) {
    let mut seen = Vec::new();
    for _ in 0..100 {
        let (rows, step) = file
            .read_on(place.take(), 2, Seen::default())
            .await
            .unwrap();
        seen.extend(
            rows.0
                .into_iter()
                .map(|row| row.split(' ').nth(1).unwrap().to_owned()),
        );
        *place = Some(step.place);
        if step.is_at_end {
            return (seen, place.as_ref().unwrap().again);
        }
    }
    panic!("it has no end");
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn a_file_that_grows_is_read_on_from_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Master.csv");
    append(&path, "");
    let (file, mut place) = (File::new(path.clone()), None);
    assert_eq!(rest(&file, &mut place).await, (named(&[]), false));
    append(&path, &[line("1"), line("2"), line("3")].concat());
    assert_eq!(
        rest(&file, &mut place).await,
        (named(&["1", "2", "3"]), false)
    );
    assert_eq!(rest(&file, &mut place).await, (named(&[]), false));
    // A line that is being written is not one yet.
    let four = line("4");
    let (half, other) = four.split_at(60);
    append(&path, half);
    assert_eq!(rest(&file, &mut place).await, (named(&[]), false));
    append(&path, &(other.to_owned() + &line("5")));
    assert_eq!(rest(&file, &mut place).await, (named(&["4", "5"]), false));
    // After a restart there is the place alone.
    append(&path, &line("6"));
    let file = File::new(path.clone());
    let (rows, step) = file
        .read_on(place.take(), 9, Seen::default())
        .await
        .unwrap();
    assert_eq!(rows.0, ["2001 6 110"]);
    assert!(step.is_at_end);
    let as_text = serde_json::to_string(&step.place).unwrap();
    assert_eq!(
        serde_json::from_str::<FilePlace>(&as_text).unwrap(),
        step.place
    );
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_read_to_its_end_and_then_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Master.csv");
    append(&path, &line("1"));
    let (file, mut place) = (File::new(path.clone()), None);
    rest(&file, &mut place).await;
    append(&path, &line("2"));
    fs::rename(&path, folder.path().join("Master.csv-20260302")).unwrap();
    append(&path, &line("3"));
    assert_eq!(rest(&file, &mut place).await, (named(&["2", "3"]), true));
    // The same while nobody looks.
    append(&path, &line("4"));
    fs::rename(&path, folder.path().join("Master.csv.1")).unwrap();
    append(&path, &line("5"));
    let file = File::new(path.clone());
    assert_eq!(rest(&file, &mut place).await, (named(&["4", "5"]), true));
    // Gone for good, and back.
    fs::remove_file(&path).unwrap();
    let gone = file.read_on(place.clone(), 9, Seen::default()).await;
    assert!(matches!(gone, Err(SourceError::File(_)) | Ok(_)));
    append(&path, &line("6"));
    assert_eq!(rest(&file, &mut place).await.0, named(&["6"]));
}

#[tokio::test]
async fn a_file_that_was_emptied_is_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Master.csv");
    append(&path, &[line("1"), line("2")].concat());
    let (file, mut place) = (File::new(path.clone()), None);
    rest(&file, &mut place).await;
    fs::write(&path, "").unwrap();
    append(&path, &line("3"));
    assert_eq!(rest(&file, &mut place).await, (named(&["3"]), true));
    // Emptied, and longer than before when it is looked at again.
    fs::write(&path, [line("44"), line("55"), line("66")].concat()).unwrap();
    assert_eq!(
        rest(&file, &mut place).await,
        (named(&["44", "55", "66"]), true)
    );
    let file = File::new(path.clone());
    assert_eq!(rest(&file, &mut place).await, (named(&[]), true));
}

fn pack(path: &Path, text: &str) {
    let mut packed = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.finish().unwrap();
}

#[tokio::test]
async fn a_packed_file_is_read_once_for_each_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.csv.gz");
    pack(&path, &[line("1"), line("2"), line("3")].concat());
    let (file, mut place) = (File::new(path.clone()), None);
    assert_eq!(
        rest(&file, &mut place).await,
        (named(&["1", "2", "3"]), false)
    );
    assert_eq!(rest(&file, &mut place).await.0, named(&[]));
    let file = File::new(path.clone());
    assert_eq!(rest(&file, &mut place).await.0, named(&[]));
    pack(
        &path,
        &[line("1"), line("2"), line("3"), line("4")].concat(),
    );
    let all = named(&["1", "2", "3", "4"]);
    assert_eq!(rest(&file, &mut place).await, (all, true));
    // Broken off in its middle, as after a restart.
    let (rows, step) = file.read_on(None, 3, Seen::default()).await.unwrap();
    assert_eq!((rows.0.len(), step.is_at_end), (3, false));
    let (file, mut place) = (File::new(path.clone()), Some(step.place));
    assert_eq!(rest(&file, &mut place).await.0, named(&["4"]));
}

#[tokio::test]
async fn what_is_no_record_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.csv");
    append(&path, "\u{feff}CallDate,SRC,dst,billsec\r\n");
    let (file, mut place) = (File::new(path.clone()), None);
    assert_eq!(rest(&file, &mut place).await.0, named(&[]));
    let mut text = b"2026-03-02 09:00:00,2001,1,7\r\n".to_vec();
    for odd in [
        &b"2026-03-02 09:00:00,\"2001,open,9\r\n"[..],
        b"\r\n",
        b"no time,2001,x,1\r\n",
        b"2026-02-30 09:00:00,2001,x,1\r\n",
        b"2026-03-02 09:00:00,\xff\xfe,2,7\r\n",
        b"2026-03-02 09:00:00,2001,3,seven\r\n",
        b"2026-03-02 09:00:00\r\n",
    ] {
        text.extend(odd);
    }
    text.extend(b"2026-03-02 09:00:00,2001,");
    text.extend(vec![b'9'; 200_000]);
    text.extend(b",7\r\n");
    text.extend(vec![b','; 70_000]);
    text.extend(b"\n2026-03-02 09:00:00,2001,4,7\r\n");
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(&text)
        .unwrap();
    let (seen, _) = rest(&file, &mut place).await;
    let short: Vec<&str> = seen
        .iter()
        .map(String::as_str)
        .filter(|to| to.len() < 9)
        .collect();
    assert_eq!(short, ["1", "", "2", "3", "", "4"]);
}
