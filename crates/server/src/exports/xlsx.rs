//! XLSX: a sheet with the rows, and one that says what they are. Texts are written as texts, so that none is a formula.

use model::Timestamp;
use rust_xlsxwriter::{ExcelDateTime, Format as Style, Workbook, Worksheet, XlsxError};

use super::{ExportError, Kind, Table, Value};

/// The most characters of a cell.
const MAX_TEXT: usize = 32_767;
/// Bounds of a column's width, in characters.
const WIDTHS: std::ops::RangeInclusive<usize> = 8..=60;
/// Rows that are looked at for a column's width.
const MEASURED: usize = 1_000;
const TIME_WIDTH: usize = 19;

pub(super) fn encode(table: &Table) -> Result<Vec<u8>, ExportError> {
    let mut workbook = Workbook::new();
    let head = Style::new().set_bold();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Report")?;
    sheet.set_freeze_panes(1, 0)?;
    for (at, column) in (0_u16..).zip(&table.columns) {
        sheet.write_string_with_format(0, at, &column.title, &head)?;
        let width = u16::try_from(width(table, at.into())).unwrap_or(u16::MAX);
        sheet.set_column_width(at, f64::from(width) + 1.0)?;
    }
    let styles = Styles::new(table, false);
    for (line, row) in (1_u32..).zip(&table.rows) {
        write_row(sheet, line, row, table, &styles)?;
    }
    if let Some(total) = &table.total {
        let line = u32::try_from(table.rows.len()).unwrap_or(u32::MAX) + 1;
        write_row(sheet, line, total, table, &Styles::new(table, true))?;
    }
    write_about(workbook.add_worksheet(), table, &head)?;
    Ok(workbook.save_to_buffer()?)
}

/// How the values of each column look.
struct Styles(Vec<Style>);

impl Styles {
    fn new(table: &Table, bold: bool) -> Self {
        let style = |kind: Kind| {
            let style = match kind {
                Kind::Text => Style::new(),
                Kind::Whole => Style::new().set_num_format("#,##0"),
                Kind::Number => Style::new().set_num_format("#,##0.00"),
                Kind::Ratio => Style::new().set_num_format("0.0%"),
                Kind::Instant => Style::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            };
            if bold { style.set_bold() } else { style }
        };
        Self(
            table
                .columns
                .iter()
                .map(|column| style(column.kind))
                .collect(),
        )
    }
}

fn write_row(
    sheet: &mut Worksheet,
    line: u32,
    row: &[Value],
    table: &Table,
    styles: &Styles,
) -> Result<(), XlsxError> {
    for ((at, value), style) in (0_u16..).zip(row).zip(&styles.0) {
        match value {
            Value::Text(text) => sheet.write_string_with_format(line, at, cut(text), style)?,
            #[expect(
                clippy::cast_precision_loss,
                reason = "all numbers of a spreadsheet are these"
            )]
            Value::Whole(number) => {
                sheet.write_number_with_format(line, at, *number as f64, style)?
            }
            Value::Number(number) => sheet.write_number_with_format(line, at, *number, style)?,
            Value::Instant(instant) => {
                let shown = shown(*instant, table)?;
                sheet.write_datetime_with_format(line, at, &shown, style)?
            }
            Value::None => sheet,
        };
    }
    Ok(())
}

/// Spreadsheets know no time zones: what the report's clock showed.
fn shown(at: Timestamp, table: &Table) -> Result<ExcelDateTime, XlsxError> {
    let shown = at.to_jiff().to_zoned(table.zone.clone());
    let part = |part: i8| u8::try_from(part).unwrap_or_default();
    let year = u16::try_from(shown.year()).unwrap_or_default();
    let second = f64::from(shown.second()) + f64::from(shown.millisecond()) / 1000.0;
    ExcelDateTime::from_ymd(year, part(shown.month()), part(shown.day()))?.and_hms(
        u16::from(part(shown.hour())),
        part(shown.minute()),
        second,
    )
}

fn cut(text: &str) -> &str {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

fn width(table: &Table, at: usize) -> usize {
    let column = &table.columns[at];
    let longest = table.rows.iter().take(MEASURED).map(|row| match &row[at] {
        Value::Text(text) => text.chars().count(),
        Value::Whole(number) => number.to_string().len() * 4 / 3,
        Value::Instant(_) => TIME_WIDTH,
        Value::Number(_) | Value::None => 0,
    });
    let longest = longest.max().unwrap_or_default();
    let wanted = longest.max(column.title.chars().count());
    wanted.clamp(*WIDTHS.start(), *WIDTHS.end())
}

fn write_about(sheet: &mut Worksheet, table: &Table, head: &Style) -> Result<(), XlsxError> {
    sheet.set_name("About")?;
    sheet.set_column_width(0, 20)?;
    sheet.set_column_width(1, 100)?;
    sheet.write_string_with_format(0, 0, &table.title, head)?;
    for (line, (name, text)) in (1_u32..).zip(&table.about) {
        sheet.write_string(line, 0, cut(name))?;
        sheet.write_string(line, 1, cut(text))?;
    }
    Ok(())
}
