//! Files read back by somebody else's eyes: the CSV and Parquet readers, and the XML in an XLSX.

#![allow(clippy::unwrap_used)]

use jiff::tz::TimeZone;
use model::Timestamp;
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::Field,
};

use super::{Column, Format, Kind, Table, Value};

fn column(key: &str, title: &str, kind: Kind) -> Column {
    Column {
        key: key.to_owned(),
        title: title.to_owned(),
        kind,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// 2026-11-21 14:30 in Bratislava.
fn instant() -> Timestamp {
    Timestamp::from_micros(1_795_267_800_000_000)
}

fn table() -> Table {
    Table {
        name: "extension-2026-11-21".to_owned(),
        title: "By extension".to_owned(),
        zone: TimeZone::get("Europe/Bratislava").unwrap(),
        columns: vec![
            column("from", "From", Kind::Instant),
            column("name", "Name", Kind::Text),
            column("calls", "Calls", Kind::Whole),
            column("asr", "ASR", Kind::Ratio),
            column("talk", "Talk", Kind::Number),
        ],
        rows: vec![
            vec![
                Value::Instant(instant()),
                text("=HYPERLINK(\"http://x.example\")"),
                Value::Whole(12),
                Value::Number(0.25),
                Value::Number(1.5),
            ],
            vec![
                Value::None,
                text("Zoë, \"Z\"\n<b>"),
                Value::Whole(i64::MIN),
                Value::None,
                Value::Number(-2.0),
            ],
        ],
        total: Some(vec![
            Value::None,
            text("Total"),
            Value::Whole(12),
            Value::Number(0.25),
            Value::None,
        ]),
        about: vec![("Note".to_owned(), "one source is missing".to_owned())],
    }
}

#[test]
fn csv_is_read_back_and_no_cell_is_a_formula() {
    let file = table().encode(Format::Csv).unwrap();
    let mut reader = csv::Reader::from_reader(&file[..]);
    assert_eq!(
        reader.headers().unwrap(),
        vec!["from", "name", "calls", "asr", "talk"]
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [
            vec![
                "2026-11-21T13:30:00.000000Z",
                "'=HYPERLINK(\"http://x.example\")",
                "12",
                "0.25",
                "1.5"
            ],
            vec!["", "Zoë, \"Z\"\n<b>", "-9223372036854775808", "", "-2"],
        ]
    );
    for dangerous in ["+1", "-1", "@x", "\t=1", "\r=1"] {
        let mut table = table();
        table.rows[0][1] = text(dangerous);
        let file = String::from_utf8(table.encode(Format::Csv).unwrap()).unwrap();
        assert!(file.contains(&format!("'{dangerous}")), "{file}");
    }
}

#[test]
fn parquet_is_read_back_with_its_types() {
    let file = table().encode(Format::Parquet).unwrap();
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let rows: Vec<Vec<Field>> = rows
        .map(|row| {
            row.get_column_iter()
                .map(|(_, field)| field.clone())
                .collect()
        })
        .collect();
    let micros = instant().as_micros();
    assert_eq!(
        rows[0],
        [
            Field::TimestampMicros(micros),
            Field::Str("=HYPERLINK(\"http://x.example\")".to_owned()),
            Field::Long(12),
            Field::Double(0.25),
            Field::Double(1.5),
        ]
    );
    assert_eq!((&rows[1][0], &rows[1][3]), (&Field::Null, &Field::Null));
    assert_eq!(rows[1][2], Field::Long(i64::MIN));
    let metadata = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    assert_eq!(metadata[0].value.as_deref(), Some("By extension"));
    assert_eq!(metadata[1].value.as_deref(), Some("one source is missing"));
}

/// A member of a ZIP archive, by its local header.
fn member(file: &[u8], name: &str) -> String {
    let at = |from: usize| u16::from_le_bytes([file[from], file[from + 1]]) as usize;
    let header = memchr::memmem::find_iter(file, b"PK\x03\x04")
        .find(|header| file[header + 30..].starts_with(name.as_bytes()))
        .unwrap();
    let data = header + 30 + at(header + 26) + at(header + 28);
    let mut text = String::new();
    let mut packed = flate2::read::DeflateDecoder::new(&file[data..]);
    std::io::Read::read_to_string(&mut packed, &mut text).unwrap();
    text
}

#[test]
fn xlsx_has_real_numbers_and_dates_and_a_head_that_stays() {
    let file = table().encode(Format::Xlsx).unwrap();
    let sheet = member(&file, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("state=\"frozen\""), "{sheet}");
    assert!(!sheet.contains("<f>"), "{sheet}");
    // Days since 1900, by the report's clock: 2026-11-21 14:30.
    assert!(sheet.contains("<v>46347.604166"), "{sheet}");
    assert!(
        sheet.contains("<v>12</v>") && sheet.contains("<v>0.25</v>"),
        "{sheet}"
    );
    let texts = member(&file, "xl/sharedStrings.xml");
    assert!(
        texts.contains("=HYPERLINK") && texts.contains("Zoë"),
        "{texts}"
    );
    assert!(texts.contains("one source is missing"));
    let styles = member(&file, "xl/styles.xml");
    assert!(
        styles.contains("yyyy\\-mm\\-dd") || styles.contains("yyyy-mm-dd"),
        "{styles}"
    );
}

#[test]
fn a_table_without_rows_is_a_file_too() {
    let empty = Table {
        rows: Vec::new(),
        total: None,
        ..table()
    };
    for format in Format::ALL {
        assert!(!empty.encode(format).unwrap().is_empty());
    }
    assert_eq!(empty.file_name(Format::Xlsx), "extension-2026-11-21.xlsx");
}
