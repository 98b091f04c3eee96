#!/usr/bin/env bash
# Installs what is missing, builds, and starts Dripline on one SQLite file:
#   ./run.sh [arguments of `dripline serve`]
# DRIPLINE_LISTEN (default 127.0.0.1:8080) and DRIPLINE_DATA (default ./data) say where.
set -eu
cd "$(dirname "$0")"
tools/install.sh run
tools/build.sh
exec build/dripline serve --listen "${DRIPLINE_LISTEN:-127.0.0.1:8080}" --data "${DRIPLINE_DATA:-./data}" "$@"
