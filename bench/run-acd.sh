#!/bin/sh
# Measures what one input costs the queue engine, and how that grows with the centre.
#
#   bench/run-acd.sh [--quick] [--plot DIR]
#
# Where others work on the machine, run it as root: it then asks for a place before them, so that their turns are not
# measured. Without that right it runs all the same.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

cargo bench --quiet --locked --package cordboard-engine --bench acd --no-run
before=
if command -v chrt >/dev/null && chrt --fifo 1 true 2>/dev/null; then
    before="chrt --fifo 1"
fi
exec $before cargo bench --quiet --locked --package cordboard-engine --bench acd -- "$@"
