#!/usr/bin/env bash
# Builds the web UI (when Node.js is there) and the server into build/: `build.sh [meson options]`.
set -eu
cd "$(dirname "$0")/.."
if [ -f web/package.json ]; then
    if command -v npm >/dev/null; then
        stamp=web/node_modules/.package-lock.json
        if [ ! -f "$stamp" ] || [ web/package-lock.json -nt "$stamp" ]; then
            (cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
            touch "$stamp"
        fi
        (cd web && npm run --silent build)
    else
        echo "note: Node.js is missing, so the server is built without the web UI" >&2
    fi
fi
if [ -f build/build.ninja ]; then
    meson configure build "$@" >/dev/null
else
    meson setup build --buildtype=debugoptimized "$@" >/dev/null
fi
ninja -C build --quiet
