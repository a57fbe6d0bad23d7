#!/usr/bin/env bash
# Measures phones: how long 10,000 take to be made, and how fast Asterisk's questions for them are answered.
#
#   bench/run-phones.sh [--phones N] [--seconds N]
#
# Needs wrk and curl: Debian's packages are installed if missing. Everything is started here, on loopback, on a free port, with
# data of its own in a temporary folder, and ended here.
# shellcheck source=scripts/common
. "$(dirname "$0")/../scripts/common"

phones=10000
seconds=5
while [ $# -gt 0 ]; do
  case $1 in
    --phones) phones=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    *) fail "unknown argument: $1" "Usage: see the top of $0" ;;
  esac
done
first=100000

packages wrk=wrk curl=curl python3=python3
need_rust
step phones-build "cordboard, optimised" cargo build --release --locked --package cordboard

work=$(mktemp -d "${TMPDIR:-/tmp}/cordboard-phones.XXXXXX")
server=
trap 'trap "" INT TERM; [ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cordboard=${CARGO_TARGET_DIR:-target}/release/cordboard
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
key=$("$cordboard" --data "$work/data" key create bench --role administrator 2>/dev/null)
CORDBOARD__SERVER__LISTEN=127.0.0.1:$port "$cordboard" --data "$work/data" serve >"$work/log" 2>&1 &
server=$!
for _ in $(seq 100); do
  curl --silent --fail --output /dev/null "$url/health" && break
  sleep 0.1
done

# post PATH JSON: the seconds that it took; the answer is in $work/answer.
post() {
  curl --silent --show-error --fail-with-body --output "$work/answer" --write-out '%{time_total}' \
    --header "Authorization: Bearer $key" --header "Content-Type: application/json" --data "$2" "$url$1"
}

post /v1/servers '{"name": "main", "ari_url": "http://127.0.0.1:1/ari", "ari_user": "bench", "password": "none", "active": false}' >/dev/null
made=$(post /v1/extensions/range "{\"number\": \"$first\", \"last\": \"$((first + phones - 1))\"}")
say "$phones phones were made in $made s (target: 10 s for 10,000)"

login=$("$cordboard" --data "$work/data" asterisk render realtime | sed -n 's|^ps_endpoints => curl,http://\([^@]*\)@.*|\1|p' | tr -d '\n' | base64 -w 0)
say
say "| connections | look-ups/s | p50 ms | p99 ms | of these there is no phone | errors |"
say "|---:|---:|---:|---:|---:|---:|"
for connections in 1 16 64; do
  line=$(wrk --threads 1 --connections "$connections" --duration "${seconds}s" --timeout 5s --script bench/phones/load.lua \
    "$url" -- "$login" "$first" "$phones" | tail -n 1)
  awk -F '\t' -v c="$connections" '{ printf "| %d | %d | %s | %s | %.0f %% | %d |\n", c, $2 / $1, $5, $6, 100 - $3 * 100 / $2, $4 }' <<<"$line"
done
all=$(curl --silent --output /dev/null --write-out '%{time_total}' --header "Authorization: Basic $login" \
  --data 'id%20LIKE=%25' "$url/realtime/ps_endpoints/multi")
say
say "all $phones at once, as at a start of Asterisk: $all s; memory $(awk '/^VmRSS/ { printf "%.0f", $2 / 1000 }' "/proc/$server/status") MB"
