#!/usr/bin/env bash
# The gate's steps in order of cost; the first that fails ends the run. `check.sh quick` leaves out the second compiler,
# the sanitizers and the fuzzers.
set -eu
cd "$(dirname "$0")/.."
mode=${1:-full}
step() { printf '\n== %s (after %d s)\n' "$*" "$SECONDS"; }

# The packages of a folder, when its list has changed: `packages test`.
packages() {
    stamp=$1/node_modules/.package-lock.json
    if [ ! -f "$stamp" ] || [ "$1/package-lock.json" -nt "$stamp" ]; then
        (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
        touch "$stamp"
    fi
}

step "packages of the tools and tests"
packages tools
packages test

step "source rules and format"
node tools/check_source.mjs
git ls-files 'src/*.c' 'src/*.h' 'fuzz/*.c' 'bench/*.c' | grep -v '_table\.c$' | xargs clang-format-14 --dry-run --Werror

step "build: gcc"
DRIPLINE_UI=required tools/build.sh -Dtests=enabled

step "web UI: types and unit tests"
(cd web && npm run --silent check && npm test --silent)

step "unit tests"
meson test -C build --quiet --print-errorlogs --timeout-multiplier 8

if [ "$mode" = full ]; then
    step "build: clang, address and undefined-behaviour sanitizers, unit tests"
    [ -f build-asan/build.ninja ] || CC=clang meson setup build-asan -Dtests=enabled -Db_sanitize=address,undefined -Db_lundef=false --buildtype=debug -Doptimization=1 >/dev/null
    ninja -C build-asan --quiet
    meson test -C build-asan --quiet --print-errorlogs --timeout-multiplier 8

    step "build: thread sanitizer, unit tests of what crosses threads"
    [ -f build-tsan/build.ninja ] || CC=clang meson setup build-tsan -Dtests=enabled -Db_sanitize=thread -Db_lundef=false --buildtype=debug -Doptimization=1 >/dev/null
    meson test -C build-tsan --quiet --print-errorlogs --timeout-multiplier 12 clock queue thread log zone \
        http_client_test http_server_test writer store journey import api_test simulator_test

    step "build: three wrong send machines, for the tests of the tests"
    [ -f build-mutants/build.ninja ] || meson setup build-mutants -Dtests=disabled -Dtest_hooks=true >/dev/null
    ninja -C build-mutants --quiet dripline
fi

step "tests from outside"
node --test --test-concurrency=2 test/*.test.mjs

if [ "$mode" = full ]; then
    step "tests from outside, on the sanitized server"
    DRIPLINE_BINARY=$PWD/build-asan/dripline DRIPLINE_BUILD=build-asan WEEK_ROWS=600 KILLS=4 KILL_ROWS=600 \
        node --test --test-concurrency=2 test/week.test.mjs test/kill.test.mjs test/enroll.test.mjs test/sequences.test.mjs \
        test/actions.test.mjs test/webhook.test.mjs test/cli.test.mjs
fi
