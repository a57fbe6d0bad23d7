//! Facts laid out as a table: by interval, most calls first, beside those of the period before.

use std::{collections::BTreeMap, ops::Range};

use jiff::tz::TimeZone;
use model::Timestamp;

use super::{
    ReportKind,
    facts::{Facts, Place},
    interval::Interval,
    question::Asked,
    report::{Cell, Column, Kind, Report, Row, Window},
};

/// Facts on their way into a report.
pub(super) struct Laying<'a> {
    pub(super) asked: &'a Asked,
    pub(super) borders: &'a [i64],
    pub(super) facts: Facts,
    pub(super) before: Option<Facts>,
}

impl Laying<'_> {
    pub(super) fn lay(self, kind: ReportKind) -> Report {
        let Asked {
            period,
            time_zone,
            interval,
            ..
        } = self.asked;
        Report {
            id: kind.id().to_owned(),
            title: kind.title().to_owned(),
            period: window(&period.range),
            before: self.asked.before.as_ref().map(window),
            time_zone: zone_name(time_zone),
            interval: interval.name(),
            columns: self.columns(),
            rows: self.rows(kind),
            total: Some(self.total(kind)),
            notes: self.facts.notes.clone(),
            errors: BTreeMap::new(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let Facts {
            keys,
            labels,
            figures,
            ..
        } = &self.facts;
        let from = Column::plain("from", "From", Kind::Instant);
        let from = (self.asked.interval != Interval::None).then_some(from);
        let before = figures.iter().map(Column::of_before);
        let before = before.take_while(|_| self.before.is_some());
        from.into_iter()
            .chain([keys, labels, figures].into_iter().flatten().cloned())
            .chain(before)
            .collect()
    }

    /// A row for everybody who has a figure in either period.
    fn rows(&self, kind: ReportKind) -> Vec<Row> {
        let intervals = u32::try_from(self.borders.len() - 1).unwrap_or(u32::MAX);
        let mut places: Vec<Place> = self.facts.rows.keys().cloned().collect();
        if let Some(before) = &self.before {
            let also = before
                .rows
                .keys()
                .filter(|place| place.interval < intervals && !self.facts.rows.contains_key(place));
            places.extend(also.cloned());
        }
        let weight = |place: &Place| self.facts.rows.get(place).map_or(0, |row| row.weight);
        places.sort_by(|a, b| {
            let by_time = a.interval.cmp(&b.interval);
            by_time
                .then_with(|| weight(b).cmp(&weight(a)))
                .then_with(|| a.key.cmp(&b.key))
        });
        places.iter().map(|place| self.row(kind, place)).collect()
    }

    fn row(&self, kind: ReportKind, place: &Place) -> Row {
        let at = place.interval as usize;
        let (from, until) = (self.borders[at], self.borders[at + 1]);
        let mut cells = Vec::new();
        if self.asked.interval != Interval::None {
            cells.push(Cell::Instant(Timestamp::from_second(from)));
        }
        cells.extend(place.key.iter().cloned().map(Cell::Text));
        let labels = |facts: &Facts| facts.names.get(&place.key).cloned();
        let labels = labels(&self.facts).or_else(|| self.before.as_ref().and_then(labels));
        let nameless = || vec![String::new(); self.facts.labels.len()];
        cells.extend(labels.unwrap_or_else(nameless).into_iter().map(Cell::Text));
        for facts in [Some(&self.facts), self.before.as_ref()]
            .into_iter()
            .flatten()
        {
            let row = facts.rows.get(place);
            cells.extend(row.map_or(&facts.nothing, |row| &row.cells).iter().cloned());
        }
        let window = window(&(from..until));
        Row {
            window,
            cells,
            calls: self.link(kind, Some(&place.key), window),
        }
    }

    fn total(&self, kind: ReportKind) -> Row {
        let heads = self.facts.keys.len() + self.facts.labels.len();
        let head = usize::from(self.asked.interval != Interval::None) + heads;
        let mut cells = vec![Cell::Undefined; head];
        for facts in [Some(&self.facts), self.before.as_ref()]
            .into_iter()
            .flatten()
        {
            cells.extend(facts.total.iter().cloned());
        }
        let window = window(&self.asked.period.range);
        Row {
            window,
            cells,
            calls: self.link(kind, None, window),
        }
    }

    /// The path that lists the calls of a row, or of all of them.
    fn link(&self, kind: ReportKind, key: Option<&Vec<String>>, window: Window) -> Option<String> {
        let only = key.and_then(|key| named(key));
        let only = only.or_else(|| self.asked.only.clone());
        let (path, name) = match kind {
            ReportKind::Queue => ("/v1/calls", "queue"),
            ReportKind::Agent => ("/v1/calls", "agent"),
            // A cause that is not known cannot be asked for.
            ReportKind::Cause if only.as_deref() == Some("") => return None,
            ReportKind::Cause => ("/v1/reports/calls", "cause"),
            // The same hour of several days is not one time.
            ReportKind::HeatMap => return None,
            _ => ("/v1/reports/calls", "only"),
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        match kind {
            ReportKind::Cause => query.append_pair("source", "cordboard"),
            _ if kind.by().is_some() => query.append_pair("report", kind.id()),
            _ => &mut query,
        };
        if let Some(only) = only {
            query.append_pair(name, &only);
        }
        query.append_pair("from", &window.from.to_string());
        query.append_pair("to", &window.until.to_string());
        Some(format!("{path}?{}", query.finish()))
    }
}

/// What a row is asked for by; one that has no name of its own by nothing.
fn named(key: &[String]) -> Option<String> {
    match key.first()?.as_str() {
        "" => Some(String::new()),
        _ => Some(key.join(" ")),
    }
}

fn window(range: &Range<i64>) -> Window {
    Window {
        from: Timestamp::from_second(range.start),
        until: Timestamp::from_second(range.end),
    }
}

fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}
