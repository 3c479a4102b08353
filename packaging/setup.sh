#!/bin/sh
# Installs what logrelay needs on Debian 12.
#
#   packaging/setup.sh          what the build needs
#   packaging/setup.sh tests    that, and what the tests, the fuzz targets and the comparisons with other programs need
#
# Runs as root, or through sudo. Asks nothing, and does nothing where all of it is there. No service is started.
set -eu

build='g++ cmake ninja-build libboost1.81-dev libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev libre2-dev libssl-dev zlib1g-dev
  libzstd-dev'
# The tests themselves, and the clang that AddressSanitizer and the fuzz targets are built with.
tests='catch2 nlohmann-json3-dev pkgconf clang libclang-rt-14-dev mandoc strace procps'
# What the packages are checked with, and the shells that their completions are for.
packaging='dpkg-dev lintian zsh fish'
# Programs that the tests and benchmarks talk to, or compare with.
peers='rsyslog rsyslog-relp rsyslog-openssl openssl socat iproute2 bsdutils netcat-openbsd daemontools s6 runit apache2-utils cronolog
  logrotate gzip zstd systemd prometheus curl'

case "${1-}" in
  '') wanted=$build ;;
  tests) wanted="$build $tests $packaging $peers" ;;
  *) echo "usage: $0 [tests]" >&2; exit 2 ;;
esac

installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

missing=
for package in $wanted; do
  installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "$0: there is no apt-get here; install by other means what goes by these names in Debian 12:$missing" >&2
  exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
  as_root=sudo
  if ! command -v sudo >/dev/null; then
    echo "$0: run this as root, or install sudo first; missing are:$missing" >&2
    exit 1
  fi
fi

# A daemon that a package brings must neither start now nor at the next boot, where a syslog daemon would take this machine's
# log over: the tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '$as_root rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi
brought=
for daemon in rsyslog prometheus; do
  installed "$daemon" || brought="$brought $daemon"
done

echo "Installing:$missing"
log=$(mktemp)
# shellcheck disable=SC2086
if ! { $as_root apt-get update -qq && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing; } </dev/null >"$log" 2>&1; then
  cat "$log" >&2
  rm "$log"
  exit 1
fi
rm "$log"

if command -v systemctl >/dev/null; then
  for daemon in $brought; do
    ! installed "$daemon" || $as_root systemctl disable --quiet "$daemon.service" 2>/dev/null || true
  done
fi
