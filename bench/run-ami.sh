#!/bin/sh
# Measures the AMI parser and client beside their peers.
#
#   bench/run-ami.sh [--recording FILE] [--rounds N] [--quick] [--check]
#
# Without --recording, one of about 200 MB is made by repeating bench/ami/sample.ami, a piece of a busy server's stream.
# FILE may be gzipped. --check fails when a target is missed. Needs cargo, and python3 with venv for panoramisk; without
# the latter that peer is left out, and says so. Everything made here lies in .cache/bench and target/bench-ami.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cache=$root/.cache/bench
mkdir -p "$cache"

recording=
rounds=5
check=
while [ $# -gt 0 ]; do
    case $1 in
        --recording) recording=$2; shift 2 ;;
        --rounds) rounds=$2; shift 2 ;;
        --quick) rounds=1; shift ;;
        --check) check=--check; shift ;;
        *) echo "usage: $0 [--recording FILE] [--rounds N] [--quick] [--check]" >&2; exit 2 ;;
    esac
done

case $recording in
    '')
        recording=$cache/ami-repeated.ami
        if [ ! -s "$recording" ]; then
            # The banner and the log-in answer stand once, at the start; 765 repetitions of the rest are 200 MB.
            python3 - "$root/bench/ami/sample.ami" "$recording.part" <<'PYTHON'
import sys
sample = open(sys.argv[1], "rb").read()
start = sample.index(b"\r\n\r\n") + 4
with open(sys.argv[2], "wb") as out:
    out.write(sample[:start])
    for _ in range(765):
        out.write(sample[start:])
PYTHON
            mv "$recording.part" "$recording"
        fi
        ;;
    *.gz)
        unpacked=$cache/$(basename "$recording" .gz)
        [ -s "$unpacked" ] || { gunzip -c "$recording" >"$unpacked.part" && mv "$unpacked.part" "$unpacked"; }
        recording=$unpacked
        ;;
esac

python=$cache/panoramisk/bin/python
if ! "$python" -c 'import panoramisk' 2>/dev/null; then
    if ! { python3 -m venv "$cache/panoramisk" && "$python" -m pip install --quiet 'panoramisk==1.4'; } >"$cache/venv.log" 2>&1; then
        echo "panoramisk is not measured: python3 -m venv or pip failed, see $cache/venv.log (Debian: apt-get install python3-venv)" >&2
        python=
    fi
fi

CARGO_TARGET_DIR=$root/target/bench-ami
export CARGO_TARGET_DIR
cargo build --quiet --release --locked --manifest-path "$root/bench/ami/Cargo.toml"
exec "$CARGO_TARGET_DIR/release/bench-ami" --recording "$recording" --rounds "$rounds" ${python:+--python "$python"} $check
