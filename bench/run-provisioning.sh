#!/usr/bin/env bash
# Measures how fast phones register at the lab's Asterisk where it asks Cordboard over HTTP, beside the same Asterisk where it reads
# PostgreSQL by ODBC, in alternating runs; and how long 10,000 phones take to be made with their rows there.
#
#   bench/run-provisioning.sh
#
# Needs what the tests need: the lab's Asterisk, SIPp, PostgreSQL. Everything is started here, on loopback, and ended here.
# shellcheck source=scripts/common
. "$(dirname "$0")/../scripts/common"

[ $# -eq 0 ] || fail "unknown argument: $1" "Usage: see the top of $0"
need_rust
need_test_packages
step provisioning-build "cordboard, optimised" cargo test --release --locked --package cordboard --test it --no-run
cargo test --release --locked --quiet --package cordboard --test it -- --ignored --nocapture --test-threads 1 provisioned_speed
