#!/bin/sh
# Measures how many events the journal brings into SQLite, PostgreSQL and MariaDB per second.
#
#   bench/run-journal.sh [--quick]
#
# The servers are the lab's, on loopback; where they are not installed, SQLite is measured alone.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

cargo build --quiet --locked --release --package cordboard-store --example journal
cargo build --quiet --locked --package cordboard-lab --bin lab
target=${CARGO_TARGET_DIR:-target}
journal=$target/release/examples/journal
if command -v mariadbd >/dev/null && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    exec "$target/debug/lab" services run -- "$journal" "$@"
fi
exec "$journal" "$@"
