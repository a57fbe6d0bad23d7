#!/usr/bin/env bash
# Measures the caller-ID allocator beside its peer: a service on FastAPI, PostgreSQL and Redis.
#
#   bench/run-callerid.sh [--quick] [--numbers "1000 100000"] [--connections "1 16 64"] [--rounds N] [--seconds N]
#                         [--url URL]
#
# PEER_ONLY=1 leaves our side out. --url measures a Cordboard that runs already in place of one started here; it has to hold
# the numbers of `bench/callerid/caller_ids.py COUNT`, so give one --numbers with it, and to reserve them for a second.
# Needs wrk, PostgreSQL, Redis and python3 with venv: Debian's packages are installed if missing. Everything is started
# here, on loopback, on free ports, with data of its own in a temporary folder, and ended here.
# shellcheck source=scripts/common
. "$(dirname "$0")/../scripts/common"

bench=$PWD/bench/callerid
venv=$PWD/.cache/bench/callerid
numbers="1000 100000 1000000"
connections="1 16 64"
rounds=3
seconds=8
url=
while [ $# -gt 0 ]; do
  case $1 in
    --quick) numbers="1000 100000" rounds=1 seconds=4; shift ;;
    --numbers) numbers=$2; shift 2 ;;
    --connections) connections=$2; shift 2 ;;
    --rounds) rounds=$2; shift 2 ;;
    --seconds) seconds=$2; shift 2 ;;
    --url) url=$2; shift 2 ;;
    *) fail "unknown argument: $1" "Usage: see the top of $0" ;;
  esac
done

# Reserved for a second, so that numbers come back; the limits are out of the way.
reserved_for=1
per_agent=1000000
warm_up=2
# How many 20 ms a server may take until it answers, and how many quarters of a second until it has ended.
start_polls=3000
stop_polls=80

secret() { python3 -c 'import secrets; print(secrets.token_hex(16))'; }
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

work=
declare -A running=() # name → process; each leads a process group of its own
# A second signal does not stop the tidying up.
trap 'trap "" INT TERM; peer_stop; cordboard_stop; [ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start NAME COMMAND…: in the background, its output in the log folder.
start() {
  local name=$1
  shift
  setsid "$@" >"$logs/callerid-$name.log" 2>&1 </dev/null &
  running[$name]=$!
  disown # so that its end is not announced
}

# stop NAME SIGNAL: ends it by the signal, or by force when it is still there some seconds later.
stop() {
  local pid=${running[$1]:-} poll
  [ -n "$pid" ] || return 0
  unset "running[$1]"
  kill -s "$2" "$pid" 2>/dev/null || true
  for ((poll = 0; poll < stop_polls; poll++)); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.25
  done
  kill -s KILL -- "-$pid" 2>/dev/null || true # whom it left behind
}

# The data of the two servers is worth nothing: they need not save it.
peer_stop() {
  stop peer TERM
  stop redis KILL
  stop postgres QUIT
}

cordboard_stop() { stop cordboard TERM; }

# until_works NAME COMMAND…: waits until the command succeeds, or the program NAME ends.
until_works() {
  local name=$1 poll
  shift
  for ((poll = 0; poll < start_polls; poll++)); do
    ! "$@" >/dev/null 2>&1 || return 0
    kill -0 "${running[$name]}" 2>/dev/null || break
    sleep 0.02
  done
  tail -n 20 "$logs/callerid-$name.log" >&2
  fail "$name does not answer" "Its output is in $logs/callerid-$name.log"
}

# Debian's defaults: every commit is synced to disk.
postgres_start() {
  local programs as=() port password=$1
  programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  port=$(free_port)
  mkdir "$work/postgres"
  printf '%s\n' "$password" >"$work/password"
  if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$work/postgres" "$work/password"
    as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  fi
  "${as[@]}" "$programs/initdb" --pgdata "$work/postgres" --pwfile "$work/password" --username bench \
    --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 >"$logs/callerid-initdb.log"
  rm "$work/password"
  start postgres "${as[@]}" "$programs/postgres" -D "$work/postgres" -p "$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories=
  until_works postgres "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"
  export CALLERID_POSTGRES="postgresql+asyncpg://bench:$password@127.0.0.1:$port/postgres"
}

# Each command is appended to a file that is synced every second.
redis_start() {
  local port password=$1
  port=$(free_port)
  mkdir "$work/redis"
  printf '%s\n' "bind 127.0.0.1" "port $port" "dir $work/redis" "requirepass $password" "appendonly yes" \
    "maxmemory 512mb" "maxmemory-policy allkeys-lru" "save 3600 1 300 100 60 10000" >"$work/redis.conf"
  start redis redis-server "$work/redis.conf"
  until_works redis env REDISCLI_AUTH="$password" redis-cli -h 127.0.0.1 -p "$port" --no-auth-warning ping
  export CALLERID_REDIS="redis://default:$password@127.0.0.1:$port/0"
}

peer_install() {
  if ! cmp -s "$bench/peer/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --no-deps --requirement "$bench/peer/requirements.txt"
    cp "$bench/peer/requirements.txt" "$venv/installed.txt"
  fi
}

# peer_serve FILE: fresh servers that hold the file's numbers; gives its address in `address`.
peer_serve() {
  local port
  port=$(free_port)
  rm -rf "$work/postgres" "$work/redis"
  postgres_start "$(secret)"
  redis_start "$(secret)"
  "$venv/bin/python" "$bench/peer/take_in.py" "$1"
  CALLERID_ADMIN_TOKEN=$(secret)
  export CALLERID_ADMIN_TOKEN CALLERID_RESERVED_FOR=$reserved_for CALLERID_RATE_LIMIT_PER_AGENT=$per_agent
  start peer "$venv/bin/python" -m uvicorn --app-dir "$bench/peer" --host 127.0.0.1 --port "$port" --workers 4 app:app
  address=http://127.0.0.1:$port
  until_works peer curl --silent --fail "$address/health"
}

# cordboard_serve FILE: a fresh installation that holds the file's numbers, or the one that was named; gives its address in
# `address`.
cordboard_serve() {
  if [ -n "$url" ]; then
    address=$url
    return
  fi
  local port cordboard=${CARGO_TARGET_DIR:-target}/release/cordboard settings=$work/cordboard.toml
  port=$(free_port)
  rm -rf "$work/cordboard"
  printf '%s\n' "[server]" "listen = \"127.0.0.1:$port\"" "[data]" "folder = \"$work/cordboard\"" \
    "[acd]" "country = \"US\"" \
    "[caller_id]" "rate_limit_per_agent = $per_agent" "reserved_for_seconds = $reserved_for" >"$settings"
  "$cordboard" --config "$settings" migrate >"$logs/callerid-migrate.log"
  "$cordboard" --config "$settings" import caller-ids "$1" >"$logs/callerid-import.log"
  local began=${EPOCHREALTIME/./}
  start cordboard "$cordboard" --config "$settings" serve
  address=http://127.0.0.1:$port
  until_works cordboard curl --silent --fail "$address/health"
  say "  … cordboard answered $(((${EPOCHREALTIME/./} - began) / 1000)) ms after its start, with $(memory_mb cordboard) MB"
}

# memory_mb NAME: what the program holds.
memory_mb() {
  awk '/^VmRSS/ { printf "%.0f", $2 / 1000 }' "/proc/${running[$1]}/status"
}

# Processor time that everything started here has used so far, in milliseconds: the processes and all their descendants.
processor_time() {
  # A process may end meanwhile.
  { cat /proc/[0-9]*/stat 2>/dev/null || true; } | awk -v started="${running[*]}" -v tick="$(getconf CLK_TCK)" '
    BEGIN { split(started, list, " "); for (i in list) ours[list[i]] = 1 }
    # Behind the name, which may hold spaces: state, parent, …, own time (12, 13), that of ended children (14, 15).
    { pid = $1; sub(/^.*\) /, ""); parent[pid] = $2; used[pid] = $12 + $13 + $14 + $15 }
    END {
      for (pid in used) {
        for (above = pid; above in parent && !(above in ours); above = parent[above]);
        if (above in ours) sum += used[pid]
      }
      printf "%.0f\n", sum * 1000 / tick
    }'
}

# load SIDE COUNT CONNECTIONS SECONDS: the script's line of figures.
load() {
  timeout $(($4 + 30)) wrk --threads 1 --connections "$3" --duration "$4s" --timeout 10s \
    --script "$bench/load.lua" "$address" -- "$2" "$reserved_for" "$1" | tail -n 1
}

# measure SIDE COUNT: every number of connections, round after round.
measure() {
  local side=$1 count=$2 round at before line
  load "$side" "$count" 16 "$warm_up" >/dev/null
  for ((round = 1; round <= rounds; round++)); do
    for at in $connections; do
      sleep "$reserved_for" # until the numbers of the last measurement are free again
      before=$(processor_time)
      line=$(load "$side" "$count" "$at" "$seconds")
      line="$side	$count	$at	$line	$(($(processor_time) - before))"
      printf '%s\n' "$line" >>"$results"
      python3 "$bench/table.py" --line "$line"
    done
  done
}

packages wrk=wrk curl=curl python3=python3 '/usr/lib/postgresql/*/bin/initdb'=postgresql redis-server=redis-server \
  redis-cli=redis-tools setpriv=util-linux
step callerid-peer "peer's packages, into .cache/bench" peer_install

work=$(mktemp -d "${TMPDIR:-/tmp}/cordboard-callerid.XXXXXX")
chmod 711 "$work" # PostgreSQL runs as a user of its own
results=$logs/callerid.tsv
: >"$results"

say "  load average $(cut -d ' ' -f 1-3 /proc/loadavg) on $(nproc) cores: whatever else runs here is measured with it"

sides=peer
if [ -z "${PEER_ONLY:-}" ]; then
  sides="cordboard peer"
  if [ -z "$url" ]; then
    need_rust
    web_build
    step callerid-build "cordboard, optimised" cargo build --release --locked --package cordboard
  fi
fi
for count in $numbers; do
  python3 "$bench/caller_ids.py" "$count" >"$work/caller_ids.csv"
  for side in $sides; do
    say "  … $side: $count numbers"
    "${side}_serve" "$work/caller_ids.csv"
    measure "$side" "$count"
    # What this server does at most: the same route, with nothing to do.
    [ "$side" = peer ] || measure nothing "$count"
    "${side}_stop"
  done
done
say ""
python3 "$bench/table.py" "$results"
