#!/usr/bin/env bash
# Builds the web UI (when Node.js is there) and the server into build/: `build.sh [meson options]`.
# Without Node.js, or when npm cannot fetch what the UI is built with, the server is built without the UI and says so;
# DRIPLINE_UI=required makes that an error.
set -eu
cd "$(dirname "$0")/.."

build_ui() {
    stamp=web/node_modules/.package-lock.json
    if [ ! -f "$stamp" ] || [ web/package-lock.json -nt "$stamp" ]; then
        (cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) || return 1
        touch "$stamp"
    fi
    (cd web && npm run --silent build)
}

without_ui() {
    if [ "${DRIPLINE_UI:-}" = required ]; then
        echo "error: $1" >&2
        exit 1
    fi
    echo "note: $1, so the server is built without the web UI" >&2
}

if ! command -v npm >/dev/null; then
    without_ui "Node.js is missing"
elif ! build_ui; then
    without_ui "the web UI could not be built"
fi

configure() {
    if [ -f build/build.ninja ]; then
        meson configure build "$@"
    else
        meson setup build --buildtype=debugoptimized "$@"
    fi
}
if ! words=$(configure "$@" 2>&1); then
    echo "$words" >&2
    exit 1
fi
ninja -C build --quiet
