#!/bin/bash
# Builds logrelay, and shows on real log lines what it is for.
#
#   packaging/demo.sh [FOLDER]
#
# Installs what the build needs (packaging/setup.sh), builds the release preset, and relays log lines into a rotating
# file, into a second file that takes only errors, and to a TCP endpoint that stalls half-way. Then it shows what
# became of every line. What was written stays in FOLDER, by default build/demo; what another run left there is removed.
set -euo pipefail
folder=${1:+$(realpath -m "$1")}
cd "$(dirname "$0")/.."
folder=${folder:-$PWD/build/demo}

megabytes=64  # relayed in all
rate=20       # megabytes a second that the writer writes

main() {
  if [ -n "$(ls -A "$folder" 2>/dev/null)" ] && [ ! -f "$folder/piece" ]; then
    echo "$folder has other files in it: name a folder that is new" >&2
    exit 2
  fi
  packaging/setup.sh
  build
  prepare
  start_endpoint
  relay
  show
}

build() {
  echo 'Building ...'
  local launcher=()
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  mkdir -p build
  {
    cmake --preset release -DLOGRELAY_TESTS=OFF -DLOGRELAY_BENCH=OFF "${launcher[@]}"
    cmake --build --preset release --target logrelay_program
  } >build/demo-build.log 2>&1 || { tail -n 30 build/demo-build.log >&2; exit 1; }
  logrelay=$PWD/build/release/logrelay
}

# A piece of a megabyte of real lines, which the writer writes over and over.
prepare() {
  local from loghub
  loghub=$(realpath -m "${LOGRELAY_TEST_DATA:-../shared/data/loghub}")
  rm -rf "$folder"
  mkdir -p "$folder"
  cd "$folder"
  if compgen -G "$loghub/*.log" >/dev/null; then
    from=("$loghub"/*.log)
  elif [ -s /var/log/dpkg.log ]; then
    from=(/var/log/dpkg.log)
  else
    dmesg >kernel.log
    from=(kernel.log)
  fi
  local lines
  lines=$(mktemp)
  while [ "$(stat -c %s "$lines")" -lt 1048576 ]; do sed -e '$a\' "${from[@]}" >>"$lines"; done
  head -c 1048576 "$lines" | sed '$d' >piece
  rm "$lines"
  echo "Real log lines: ${from[0]}$( ((${#from[@]} == 1)) || echo " and $((${#from[@]} - 1)) other files")"
}

# The endpoint is a second relay. It is stopped half-way and let go on later: to the first one it is a peer that has
# stopped reading.
start_endpoint() {
  "$logrelay" -v -i tcp://127.0.0.1:0 received.log,append=no 2>endpoint.messages &
  endpoint=$!
  trap 'kill -KILL "$endpoint" 2>/dev/null || true' EXIT
  address=
  while [ -z "$address" ]; do
    kill -0 "$endpoint" 2>/dev/null || { cat endpoint.messages >&2; exit 1; }
    sleep 0.02
    address=$(sed -n 's/.*listening on //p' endpoint.messages)
  done
}

write_lines() {
  local pause n
  pause=$(awk "BEGIN { print 1 / $rate }")
  for ((n = 0; n < megabytes; ++n)); do
    if ((n == megabytes / 2)); then
      echo "... $n MB are written: now the endpoint stalls" >&2
      kill -STOP "$endpoint"
    fi
    cat piece
    sleep "$pause"
  done
  echo '... all is written: the endpoint goes on' >&2
  kill -CONT "$endpoint"
}

relay() {
  echo "Relaying $megabytes MB at $rate MB/s:"
  local command=("app.log,rotate=16M,keep=9" "errors.log,match=(?i)error|fail" "tcp://$address,name=endpoint,queue=8M,stall-after=200ms")
  echo "  logrelay ${command[0]} '${command[1]}' ${command[2]}"
  status=0
  write_lines | "$logrelay" --report report.json "${command[@]}" || status=$?
  kill -TERM "$endpoint"
  wait "$endpoint" || true
  trap - EXIT
}

# The balance, out of the report's one line of JSON.
show() {
  echo "Exit status $status: $( ((status == 0)) && echo 'nothing was lost.' || echo 'lines were lost, and that was said.')"
  echo
  sed -e 's/.*"outputs": \[//' -e 's/}, {"name"/\n{"name"/g' report.json | awk '
    function field(name) {
      if (!match($0, "\"" name "\": (\"[^\"]*\"|[0-9.]+)")) return ""
      value = substr($0, RSTART + length(name) + 4, RLENGTH - length(name) - 4)
      gsub(/"/, "", value)
      return value
    }
    function row(a, b, c, d, e, f, g, h) { printf "%-12s %9s  %9s + %8s + %7s + %8s + %7s  %s\n", a, b, c, d, e, f, g, h }
    BEGIN { row("lines", "accepted", "delivered", "filtered", "dropped", "rejected", "pending", "") }
    {
      name = field("name")
      sub(/,.*/, "", name)
      sum = field("delivered_lines") + field("filtered_lines") + field("dropped_lines") + field("rejected_lines") + field("pending_lines")
      row(name, field("accepted_lines"), field("delivered_lines"), field("filtered_lines"), field("dropped_lines"),
          field("rejected_lines"), field("pending_lines"), sum == field("accepted_lines") ? "balances" : "DOES NOT BALANCE")
    }'
  echo
  for ((n = 0; n < megabytes; ++n)); do cat piece; done >written
  if cat app.log.* app.log | cmp -s - written; then
    echo "app.log and its $(find . -name 'app.log.*' | wc -l) rotated parts hold what was written, byte for byte."
  else
    echo 'app.log is NOT what was written.'
    status=3
  fi
  rm written
  echo "The writer was held for $(sed 's/.*"paused_seconds": \([0-9.]*\).*/\1/' report.json) seconds in all."
  echo "The endpoint received $(grep -vc '^logrelay: dropped' received.log) lines, and where others are missing:"
  grep -a '^logrelay: dropped' received.log | sed -e '4,$d' -e 's/^/  /' || true
  local markers
  markers=$(grep -ac '^logrelay: dropped' received.log || true)
  ((markers <= 3)) || echo "  and $((markers - 3)) more such lines"
  echo "All of it is in $PWD."
  ((status < 2))
}

main "$@"
