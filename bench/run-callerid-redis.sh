#!/bin/sh
# Measures how many caller IDs a second Redis gives by our script, beside redis-benchmark on a script that takes as long.
#
#   bench/run-callerid-redis.sh
#
# The Redis is the lab's, on loopback.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

cargo build --quiet --locked --release --package cordboard-cluster --example allocations
cargo build --quiet --locked --package cordboard-lab --bin lab
target=${CARGO_TARGET_DIR:-target}
exec "$target/debug/lab" services run -- "$target/release/examples/allocations"
