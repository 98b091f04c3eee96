#!/usr/bin/env bash
# Installs the Debian packages of tools/packages.txt that are missing: `install.sh run` or `install.sh test`.
# A command that is already there (a newer Node.js, say) counts as its package. Asks for root only when needed.
set -eu
cd "$(dirname "$0")/.."
wanted=${1:-run}

have() {
    case $1 in
    gcc) command -v gcc >/dev/null ;;
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    clang) command -v clang >/dev/null ;;
    *) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ;;
    esac
}

missing=()
while read -r package for_what _; do
    case $package in '' | '#'*) continue ;; esac
    if [ "$for_what" = run ] || [ "$wanted" = test ]; then
        have "$package" || missing+=("$package")
    fi
done <tools/packages.txt

[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}"
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "error: run this as root, or install sudo, or install by hand: ${missing[*]}" >&2
        exit 1
    }
    as_root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || {
    # Node.js is only for the web UI and the tests from outside; the server builds without it.
    if [ "$wanted" = run ]; then
        kept=()
        for package in "${missing[@]}"; do
            case $package in nodejs | npm) ;; *) kept+=("$package") ;; esac
        done
        [ ${#kept[@]} -eq 0 ] || $as_root apt-get install -y -qq --no-install-recommends "${kept[@]}" >/dev/null
        echo "note: Node.js could not be installed; the server is built without the web UI" >&2
    else
        exit 1
    fi
}
