#!/bin/bash
# Builds logrelay in every way that its tests need, and runs them all.
#
#   packaging/test.sh [CTEST-OPTION]...
#
# Installs what is missing (packaging/setup.sh tests). One run of ctest then covers the unit, model and end-to-end
# tests of the dev preset, the unit and model tests under AddressSanitizer with UndefinedBehaviorSanitizer and under
# ThreadSanitizer, five seconds of each fuzz target from its corpus, and a short run of the benchmarks. Its summary is the
# last that is printed. What the builds say is kept in build/*.log and shown where one fails.
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$(nproc)
fuzz_seconds=5
presets='dev asan tsan'

main() {
  packaging/setup.sh tests
  mkdir -p build/all
  unpack_syslog_ng
  build dev all
  build asan "unit_tests $(cd tests/fuzz && printf '%s ' *_fuzz.cpp | sed 's/\.cpp//g')" -DLOGRELAY_E2E=OFF
  build tsan unit_tests -DLOGRELAY_E2E=OFF
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

# All presets' tests as one list, in the language of ctest. The benchmarks need only run: whether they reach their goals
# depends on the machine, and on nothing else running there.
list_tests() {
  local preset fuzz bench name
  for preset in $presets; do echo "subdirs(\"$PWD/build/$preset\")"; done
  for fuzz in build/asan/tests/*_fuzz; do
    name="fuzz: $(basename "$fuzz" _fuzz) for $fuzz_seconds s"
    mkdir -p "build/all/$(basename "$fuzz")"
    echo "add_test(\"$name\" \"$PWD/$fuzz\" -max_total_time=$fuzz_seconds -timeout=10 -rss_limit_mb=2048"
    echo "  \"$PWD/build/all/$(basename "$fuzz")\" \"$PWD/tests/fuzz/corpus/$(basename "$fuzz" _fuzz)\")"
    echo "set_tests_properties(\"$name\" PROPERTIES LABELS fuzz TIMEOUT 120 WORKING_DIRECTORY \"$PWD/build/all\")"
  done
  for bench in build/dev/tests/{throughput,latency,ingestion,adaptive,memory,spool,embed}_bench; do
    name="bench: $(basename "$bench" _bench), in short"
    echo "add_test(\"$name\" sh -c \"\\\"\$0\\\" --quick; test \$? -le 1\" \"$PWD/$bench\")"
    echo "set_tests_properties(\"$name\" PROPERTIES LABELS bench TIMEOUT 300 RUN_SERIAL ON)"
  done
}

main "$@"
