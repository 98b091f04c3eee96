#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests:
#   ./test.sh          everything that the gate wants
#   ./test.sh quick    unit tests and the tests from outside, one compiler
set -eu
cd "$(dirname "$0")"
tools/install.sh test
exec tools/check.sh "$@"
