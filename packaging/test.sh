#!/bin/bash
# Builds logrelay in every way that its tests need, and runs them all.
#
#   packaging/test.sh [CTEST-OPTION]...
#   FUZZ_SECONDS=600 packaging/test.sh -L fuzz    # ten minutes of each fuzz target, and nothing else
#
# Installs what is missing (packaging/setup.sh tests). One run of ctest then covers the unit, model and end-to-end
# tests of the dev preset, the unit and model tests under AddressSanitizer with UndefinedBehaviorSanitizer and under
# ThreadSanitizer, FUZZ_SECONDS (5) of each fuzz target from its corpus, and a short run of the benchmarks. Its summary is
# the last that is printed. What the builds say is kept in build/*.log and shown where one fails.
#
# The decoder of syslog also begins with lines of real logs: those of loghub in ../shared/data/loghub or
# LOGRELAY_TEST_DATA, whose licence does not let us keep them here, else of this machine's package log.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$(nproc)
fuzz_seconds=${FUZZ_SECONDS:-5}
real_lines=40  # of each log
presets='dev asan tsan'

main() {
  if [[ ! $fuzz_seconds =~ ^[1-9][0-9]*$ ]]; then
    echo "FUZZ_SECONDS=$fuzz_seconds is no number of seconds: write it like 600" >&2
    exit 2
  fi
  packaging/setup.sh tests
  mkdir -p build/all
  unpack_syslog_ng
  build dev all
  build asan "unit_tests $(cd tests/fuzz && printf '%s ' *_fuzz.cpp | sed 's/\.cpp//g')" -DLOGRELAY_E2E=OFF
  build tsan unit_tests -DLOGRELAY_E2E=OFF
  make_real_seeds build/all/real_syslog
  list_tests >build/all/CTestTestfile.cmake
  # One that fails has a second try, and what it said the first time is shown: it is a test to be mended all the same.
  exec ctest --test-dir build/all --output-on-failure --no-tests=error --repeat until-pass:2 -j "$jobs" "$@"
}

# Its package cannot be installed beside rsyslog's: for the tests that talk to it, it is only unpacked, and run from there.
unpack_syslog_ng() {
  local folder=build/syslog-ng package
  if [ -e "$folder" ] || ! command -v apt-get >/dev/null; then return 0; fi
  rm -rf "$folder.new"
  mkdir -p "$folder.new/packages"
  if (cd "$folder.new/packages" && apt-get download syslog-ng-core libivykis0 libnet1 libpcre3 libjson-c5 libwrap0 \
    libglib2.0-0) >build/syslog-ng.log 2>&1; then
    for package in "$folder.new"/packages/*.deb; do dpkg -x "$package" "$folder.new"; done
    rm -r "$folder.new/packages"
    mv "$folder.new" "$folder"
  else
    echo 'syslog-ng cannot be fetched (build/syslog-ng.log): the tests that talk to it will say that they are left out'
  fi
}

# build PRESET 'TARGET...' [CMAKE-OPTION]...
build() {
  local preset=$1 targets=$2 launcher=() began=$SECONDS
  shift 2
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
  fi
  printf 'Building %s ... ' "$preset"
  # shellcheck disable=SC2086
  if ! { cmake --preset "$preset" "${launcher[@]}" "$@" && cmake --build --preset "$preset" -j "$jobs" --target $targets; } >"build/$preset.log" 2>&1; then
    echo 'failed:'
    tail -n 60 "build/$preset.log"
    exit 1
  fi
  echo "$((SECONDS - began)) s"
}

# make_real_seeds FOLDER: a file for each line, as the target takes it: a byte for its own choices, here for one from a
# socket of this machine and one from elsewhere, and the line, with a priority and as it is.
make_real_seeds() {
  local folder=$1 logs=("${LOGRELAY_TEST_DATA:-../shared/data/loghub}"/*.log)
  rm -rf "$folder"
  mkdir -p "$folder"
  if [ ! -e "${logs[0]}" ]; then logs=(/var/log/dpkg.log); fi
  if [ ! -r "${logs[0]}" ]; then return 0; fi
  awk -v folder="$folder" -v most="$real_lines" '
    FNR <= most {
      name = sprintf("%s/%d", folder, NR)
      printf "%s<13>%s", NR % 2 ? "o" : "n", $0 >(name ".priority")
      printf "%s%s", NR % 2 ? "n" : "o", $0 >(name ".plain")
      close(name ".priority")
      close(name ".plain")
    }' "${logs[@]}"
}

# All presets' tests as one list, in the language of ctest. The benchmarks need only run: whether they reach their goals
# depends on the machine, and on nothing else running there.
list_tests() {
  local preset fuzz bench name real
  for preset in $presets; do echo "subdirs(\"$PWD/build/$preset\")"; done
  for fuzz in build/asan/tests/*_fuzz; do
    name="fuzz: $(basename "$fuzz" _fuzz) for $fuzz_seconds s"
    mkdir -p "build/all/$(basename "$fuzz")"
    real=
    if [ -d "build/all/real_$(basename "$fuzz" _fuzz)" ]; then real=" \"$PWD/build/all/real_$(basename "$fuzz" _fuzz)\""; fi
    echo "add_test(\"$name\" \"$PWD/$fuzz\" -max_total_time=$fuzz_seconds -timeout=10 -rss_limit_mb=2048"
    echo "  \"$PWD/build/all/$(basename "$fuzz")\" \"$PWD/tests/fuzz/corpus/$(basename "$fuzz" _fuzz)\"$real)"
    echo "set_tests_properties(\"$name\" PROPERTIES LABELS fuzz TIMEOUT $((fuzz_seconds + 120)) WORKING_DIRECTORY \"$PWD/build/all\")"
  done
  for bench in build/dev/tests/{throughput,latency,ingestion,adaptive,memory,spool,embed}_bench; do
    name="bench: $(basename "$bench" _bench), in short"
    echo "add_test(\"$name\" sh -c \"\\\"\$0\\\" --quick; test \$? -le 1\" \"$PWD/$bench\")"
    echo "set_tests_properties(\"$name\" PROPERTIES LABELS bench TIMEOUT 300 RUN_SERIAL ON)"
  done
}

main "$@"
