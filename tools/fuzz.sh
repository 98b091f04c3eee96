#!/usr/bin/env bash
# Runs every libFuzzer target for SECONDS (default 60) on its corpus: `tools/fuzz.sh [seconds] [target …]`.
# New inputs that reach new code are kept under build-fuzz/corpus; findings stop the run with their file.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzz=true -Dtests=disabled -Db_sanitize=address,undefined \
    -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link --buildtype=debug -Doptimization=2 >/dev/null
ninja -C build-fuzz --quiet
[ $# -gt 0 ] || set -- csv json sequence webhook reply personalize phone schedule http query token zone
for target in "$@"; do
    mkdir -p "build-fuzz/corpus/$target"
    echo "== $target, $seconds s"
    build-fuzz/fuzz/fuzz_"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -print_final_stats=1 \
        -artifact_prefix="build-fuzz/$target-" "build-fuzz/corpus/$target" "fuzz/corpus/$target" 2>&1 |
        { grep -E "ERROR|SUMMARY|stat::number_of_executed|check failed|Test unit written" || true; }
    [ "${PIPESTATUS[0]}" = 0 ] || exit 1
done
