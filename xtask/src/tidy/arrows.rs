//! Who may depend on whom (docs/ARCHITECTURE.md draws it).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Problem,
    metadata::{Graph, Kind},
};

/// What a package of ours may name among our own packages.
struct Layer {
    name: &'static str,
    /// In the program.
    normal: &'static [&'static str],
    /// In its tests only, besides `normal`.
    dev: &'static [&'static str],
}

const MODEL: &str = "cordboard-model";
const ENGINE: &str = "cordboard-engine";
const ASTERISK: &str = "cordboard-asterisk";
const STORE: &str = "cordboard-store";
const CLUSTER: &str = "cordboard-cluster";
const SERVER: &str = "cordboard-server";
const SIM: &str = "cordboard-sim";
const CLI: &str = "cordboard";
const POP: &str = "cordboard-pop";
const LAB: &str = "cordboard-lab";
const BENCH: &str = "cordboard-bench";
const XTASK: &str = "xtask";

/// From the bottom up. `lab` is the tests' own: nothing that is shipped may contain it.
const LAYERS: [Layer; 12] = [
    layer(MODEL, &[], &[]),
    layer(ENGINE, &[MODEL], &[]),
    layer(ASTERISK, &[], &[LAB]),
    layer(STORE, &[MODEL], &[LAB]),
    layer(CLUSTER, &[MODEL, ENGINE], &[LAB]),
    layer(
        SERVER,
        &[MODEL, ENGINE, STORE, CLUSTER, ASTERISK],
        &[SIM, LAB],
    ),
    layer(SIM, &[MODEL, ENGINE, ASTERISK], &[LAB]),
    layer(CLI, &[MODEL, STORE, SERVER, SIM], &[ASTERISK, LAB]),
    layer(POP, &[ENGINE, ASTERISK, MODEL], &[LAB]),
    layer(LAB, &[], &[]),
    layer(
        BENCH,
        &[MODEL, ENGINE, ASTERISK, STORE, CLUSTER, SERVER, SIM],
        &[LAB],
    ),
    layer(XTASK, &[], &[]),
];

/// Crates that must not be reached, however long the way: from, what, why.
const UNREACHABLE: [(&[&str], &[&str], &str); 2] = [
    (
        &[MODEL, ENGINE],
        &[
            "tokio",
            "sqlx",
            "sqlx-core",
            "reqwest",
            "axum",
            "hyper",
            "redis",
        ],
        "decisions do no IO",
    ),
    (
        &[POP],
        &["axum", "sqlx", "sqlx-core", "redis"],
        "the desktop program stays small",
    ),
];

/// `anyhow` forgets what went wrong; only a program's outermost layer may.
const MAY_FORGET_ERRORS: [&str; 3] = [CLI, XTASK, BENCH];

const fn layer(
    name: &'static str,
    normal: &'static [&'static str],
    dev: &'static [&'static str],
) -> Layer {
    Layer { name, normal, dev }
}

/// Every arrow that is not allowed.
pub(crate) fn check(graph: &Graph) -> Vec<Problem> {
    let mut problems = Vec::new();
    for member in &graph.members {
        match LAYERS.iter().find(|layer| layer.name == member) {
            Some(layer) => problems.extend(own_arrows(graph, layer)),
            None => problems.push(Problem::new(
                member,
                "is in no layer; add it to xtask/src/tidy/arrows.rs and docs/ARCHITECTURE.md",
            )),
        }
        if names(graph, member, Kind::Normal).any(|name| name == "anyhow")
            && !MAY_FORGET_ERRORS.contains(&member.as_str())
        {
            problems.push(Problem::new(
                member,
                "depends on anyhow; a library's errors are an enum (thiserror)",
            ));
        }
    }
    for (from, targets, why) in UNREACHABLE {
        for package in from.iter().filter(|name| graph.members.contains(**name)) {
            problems.extend(unreachable(graph, package, targets, why));
        }
    }
    problems
}

fn own_arrows(graph: &Graph, layer: &Layer) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (kind, name) in graph.edges.get(layer.name).into_iter().flatten() {
        let allowed = layer.normal.contains(&name.as_str())
            || (*kind == Kind::Dev && layer.dev.contains(&name.as_str()));
        if graph.members.contains(name) && name != layer.name && !allowed {
            let how = match kind {
                Kind::Normal => "depends on",
                Kind::Dev => "depends in its tests on",
                Kind::Build => "depends in its build script on",
            };
            problems.push(Problem::new(
                layer.name,
                format!("{how} {name}; docs/ARCHITECTURE.md has no such arrow"),
            ));
        }
    }
    problems
}

/// The shortest way to each target, for the message.
fn unreachable(graph: &Graph, from: &str, targets: &[&str], why: &str) -> Vec<Problem> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut seen = BTreeSet::from([from]);
    let mut front = vec![from];
    while let Some(package) = front.pop() {
        for next in names(graph, package, Kind::Normal) {
            if seen.insert(next) {
                came_from.insert(next, package);
                front.insert(0, next);
            }
        }
    }
    let way = |target: &str| {
        let mut way = vec![target];
        while let Some(before) = way.last().and_then(|name| came_from.get(name)) {
            way.push(before);
        }
        way.reverse();
        way.join(" → ")
    };
    targets
        .iter()
        .filter(|target| seen.contains(**target))
        .map(|target| Problem::new(from, format!("reaches {target} ({}); {why}", way(target))))
        .collect()
}

fn names<'a>(graph: &'a Graph, package: &str, kind: Kind) -> impl Iterator<Item = &'a str> {
    graph
        .edges
        .get(package)
        .into_iter()
        .flatten()
        .filter(move |(found, _)| *found == kind)
        .map(|(_, name)| name.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{super::metadata, *};

    /// This repository, with one more arrow.
    fn with(kind: Kind, from: &str, to: &str) -> Vec<String> {
        let mut graph = metadata::read(&crate::root()).unwrap();
        let edges = graph.edges.entry(from.to_owned()).or_default();
        edges.insert((kind, to.to_owned()));
        check(&graph).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn refuses_arrows_that_are_not_drawn() {
        for (from, to) in [
            (ENGINE, STORE),
            (STORE, ASTERISK),
            (ASTERISK, MODEL),
            (MODEL, ENGINE),
            (SIM, SERVER),
            (CLI, ASTERISK),
        ] {
            let problems = with(Kind::Normal, from, to);
            let wanted = format!("{from}: depends on {to}; docs/ARCHITECTURE.md has no such arrow");
            assert!(problems.contains(&wanted), "{problems:?}");
        }
    }

    #[test]
    fn keeps_the_lab_out_of_what_is_shipped() {
        assert_eq!(with(Kind::Dev, SERVER, LAB), Vec::<String>::new());
        assert_eq!(with(Kind::Normal, SERVER, LAB).len(), 1);
        assert_eq!(with(Kind::Build, SERVER, LAB).len(), 1);
    }

    #[test]
    fn sees_io_through_any_number_of_crates() {
        let problems = with(Kind::Normal, "jiff", "tokio");
        let wanted =
            "cordboard-engine: reaches tokio (cordboard-engine → jiff → tokio); decisions do no IO";
        assert!(problems.contains(&wanted.to_owned()), "{problems:?}");
    }

    #[test]
    fn wants_named_errors_in_libraries() {
        let problems = with(Kind::Normal, STORE, "anyhow");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("thiserror"));
    }

    #[test]
    fn wants_every_package_in_a_layer() {
        let mut graph = metadata::read(&crate::root()).unwrap();
        graph.members.insert("cordboard-misc".to_owned());
        assert_eq!(check(&graph).len(), 1);
    }
}
