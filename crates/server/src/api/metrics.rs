//! Figures for Prometheus: what was counted on the way, and how the centre stands at this moment.

use std::{cell::RefCell, collections::HashMap, fmt::Write as _, sync::LazyLock, time::Duration};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use metrics::{Counter, Histogram, counter, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use model::AgentState;

use super::Api;
use crate::{
    problem::Problem,
    telephony::{LiveView, ServerState},
};

/// The bounds of every histogram: all of them are of seconds.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// There is one recorder a process; whoever comes first installs it.
static RECORDER: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let buckets = PrometheusBuilder::new().set_buckets(&SECONDS);
    let recorder = buckets.expect("there are some").build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed; counters do not reach /metrics");
    }
    handle
});

/// Begins to count.
pub(crate) fn install() {
    LazyLock::force(&RECORDER);
}

/// How often samples become counts: until then each lies in memory.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Turns samples into counts, also while nobody looks at them. Never ends.
pub(crate) async fn keep_up() {
    loop {
        tokio::time::sleep(UPKEEP_EVERY).await;
        RECORDER.run_upkeep();
    }
}

/// The figures of a route, so that a request does not look them up by their labels.
struct Route {
    seconds: Histogram,
    requests: Vec<(&'static str, StatusCode, Counter)>,
}

thread_local! {
    /// Those that this thread has answered: as many as the table has routes.
    static ROUTES: RefCell<HashMap<String, Route>> = RefCell::default();
}

/// Counts one answer. `method` and `route` are of a known few.
pub(crate) fn answered(method: &'static str, route: &str, status: StatusCode, took: Duration) {
    ROUTES.with_borrow_mut(|routes| {
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), Route::new(route));
        }
        if let Some(figures) = routes.get_mut(route) {
            figures.seconds.record(took.as_secs_f64());
            figures.requests(method, route, status).increment(1);
        }
    });
}

impl Route {
    fn new(route: &str) -> Self {
        let route = route.to_owned();
        Self {
            seconds: histogram!("cordboard_http_request_seconds", "route" => route),
            requests: Vec::new(),
        }
    }

    fn requests(&mut self, method: &'static str, route: &str, status: StatusCode) -> &Counter {
        let known = self
            .requests
            .iter()
            .position(|&(m, s, _)| m == method && s == status);
        let index = known.unwrap_or_else(|| {
            let labels = [
                ("method", method.to_owned()),
                ("route", route.to_owned()),
                ("status", status.as_u16().to_string()),
            ];
            let requests = counter!("cordboard_http_requests_total", &labels);
            self.requests.push((method, status, requests));
            self.requests.len() - 1
        });
        &self.requests[index].2
    }
}

/// Figures in Prometheus' text format.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics_show",
    tag = "operation",
    responses((status = 200, description = "Figures", body = String, content_type = "text/plain; version=0.0.4"))
)]
pub(crate) async fn show(State(api): State<Api>) -> Result<Response, Problem> {
    RECORDER.run_upkeep();
    let mut text = Text(RECORDER.render());
    if let Ok(live) = api.app.acd.live().await {
        centre(&mut text, &live);
    }
    dependencies(&mut text, &api);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    Ok((kind, text.0).into_response())
}

fn centre(text: &mut Text, live: &LiveView) {
    text.family(
        "cordboard_queue_calls",
        "Calls in a queue, by what they do.",
    );
    for queue in &live.queues {
        let name = queue.queue.name.as_str();
        for (state, count) in [
            ("waiting", queue.waiting),
            ("ringing", queue.ringing),
            ("talking", queue.talking),
        ] {
            let labels = [("queue", name), ("state", state)];
            text.sample("cordboard_queue_calls", &labels, f64::from(count));
        }
    }
    text.family(
        "cordboard_queue_longest_wait_seconds",
        "How long the first in line has waited.",
    );
    for queue in &live.queues {
        let wait = queue
            .longest_wait_since
            .map_or(0.0, |since| live.at.since(since).as_secs_f64());
        let labels = [("queue", queue.queue.name.as_str())];
        text.sample("cordboard_queue_longest_wait_seconds", &labels, wait);
    }
    text.family("cordboard_agents", "Agents, by state.");
    for state in AgentState::ALL {
        let count = live
            .agents
            .iter()
            .filter(|agent| agent.status.state == state)
            .count();
        let labels = [("state", state.as_str())];
        text.sample("cordboard_agents", &labels, as_figure(count));
    }
}

fn as_figure(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[expect(clippy::cast_precision_loss, reason = "figures for a graph")]
fn dependencies(text: &mut Text, api: &Api) {
    let journal = api.app.journal.get();
    for (name, help, value) in [
        (
            "cordboard_journal_behind_events",
            "Events not yet in the database.",
            journal.behind,
        ),
        (
            "cordboard_journal_unwritten_events",
            "Events in memory alone, because the disk refuses them.",
            journal.unwritten,
        ),
        (
            "cordboard_journal_behind_bytes",
            "Journal bytes not yet in the database.",
            journal.bytes,
        ),
        (
            "cordboard_journal_lost_events",
            "Events lost because disk and memory were full.",
            journal.lost,
        ),
        (
            "cordboard_event_seq",
            "The newest event.",
            api.app.stream.last_seq(),
        ),
    ] {
        text.family(name, help);
        text.sample(name, &[], value as f64);
    }
    let subscribers = api.app.stream.subscribers();
    text.family(
        "cordboard_stream_subscribers",
        "Clients that follow the event stream.",
    );
    text.sample("cordboard_stream_subscribers", &[], as_figure(subscribers));
    text.family("cordboard_asterisk_up", "1 while a server is connected.");
    for server in api.app.servers.states() {
        let up = if server.state == ServerState::Connected {
            1.0
        } else {
            0.0
        };
        let labels = [("server", server.name.as_str())];
        text.sample("cordboard_asterisk_up", &labels, up);
    }
}

/// Prometheus' text format. For what is read at this moment: a gauge would outlive a queue that is removed.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (place, (key, label)) in labels.iter().enumerate() {
            let open = if place == 0 { '{' } else { ',' };
            let label = label.replace('\\', "\\\\").replace('"', "\\\"");
            let label = label.replace('\n', "\\n");
            let _ = write!(self.0, "{open}{key}=\"{label}\"");
        }
        let close = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{close} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_out() {
        let mut text = Text(String::new());
        text.sample("x", &[("queue", "a\"b\\c\nd"), ("s", "t")], 2.5);
        text.sample("y", &[], 1.0);
        assert_eq!(text.0, "x{queue=\"a\\\"b\\\\c\\nd\",s=\"t\"} 2.5\ny 1\n");
    }
}
