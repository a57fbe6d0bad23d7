//! The little of `cargo metadata` that the arrows need.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use anyhow::{Context, ensure};
use serde::Deserialize;

/// How one package uses another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Normal,
    Dev,
    Build,
}

/// Packages by name, and who uses whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    /// Our own packages.
    pub(crate) members: BTreeSet<String>,
    /// From each package to those that it names itself.
    pub(crate) edges: BTreeMap<String, BTreeSet<(Kind, String)>>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

/// Asks Cargo about the workspace in `root`.
pub(crate) fn read(root: &Path) -> anyhow::Result<Graph> {
    let output = Command::new("cargo")
        .current_dir(root)
        .args(["metadata", "--format-version", "1", "--locked"])
        .output()
        .context("run cargo")?;
    ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("read what cargo metadata says")?;
    Ok(graph(metadata))
}

fn graph(metadata: Metadata) -> Graph {
    let names: BTreeMap<String, String> = metadata
        .packages
        .into_iter()
        .map(|package| (package.id, package.name))
        .collect();
    let name = |id: &String| names.get(id).unwrap_or(id).clone();
    let mut graph = Graph {
        members: metadata.workspace_members.iter().map(name).collect(),
        edges: BTreeMap::new(),
    };
    for node in metadata.resolve.nodes {
        // Two versions of one crate share an entry: the arrows ask for names.
        let edges = graph.edges.entry(name(&node.id)).or_default();
        for dependency in &node.deps {
            for kind in &dependency.dep_kinds {
                let kind = match kind.kind.as_deref() {
                    Some("dev") => Kind::Dev,
                    Some("build") => Kind::Build,
                    _ => Kind::Normal,
                };
                edges.insert((kind, name(&dependency.pkg)));
            }
        }
    }
    graph
}
