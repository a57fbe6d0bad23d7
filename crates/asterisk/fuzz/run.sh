#!/bin/sh
# Fuzzes the codecs, one after the other: crates/asterisk/fuzz/run.sh [SECONDS_EACH]
#
# Needs a nightly compiler and cargo-fuzz (cargo install cargo-fuzz). What is found is written to artifacts/; new inputs
# go to target/corpus and not into corpus/, which holds the seeds and what once failed.
set -eu

seconds=${1:-120}
cd "$(dirname "$0")"
if ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    echo "fuzzing needs: rustup toolchain install nightly && cargo install cargo-fuzz" >&2
    exit 2
fi
for target in ami agi agi_session ari; do
    mkdir -p "target/corpus/$target"
    echo "fuzzing $target for $seconds s"
    cargo +nightly fuzz run "$target" "target/corpus/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -max_len=4096 -print_final_stats=1
done
