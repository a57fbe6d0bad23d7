#!/usr/bin/env bash
# Measures call statistics beside the queries of the program before, over the same three MariaDB databases.
#
#   bench/run-stats.sh [--quick] [--rows N] [--days N] [--rounds N]
#
# Needs MariaDB and python3 with venv: Debian's packages are installed if missing. Everything is started here, on loopback, with
# data of its own in a temporary folder, and ended here.
# shellcheck source=scripts/common
. "$(dirname "$0")/../scripts/common"

rows=10000000
days=90
rounds=200
while [ $# -gt 0 ]; do
  case $1 in
    --quick) rows=1000000; shift ;;
    --rows) rows=$2; shift 2 ;;
    --days) days=$2; shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    *) fail "unknown argument: $1" "Usage: see the top of $0" ;;
  esac
done

venv=$PWD/.cache/bench/stats
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --requirement bench/stats/requirements.txt
cargo build --quiet --release --package cordboard
cargo build --quiet --release -p cordboard-sim --example cdr
cargo build --quiet --bin lab
exec target/debug/lab services run -- "$venv/bin/python" bench/stats/measure.py \
  --rows "$rows" --days "$days" --rounds "$rounds" \
  --cordboard target/release/cordboard --generator target/release/examples/cdr
