#!/usr/bin/env bash
# Makes sure that the tests find a browser and a PostgreSQL server. It installs them only as root on a machine with apt;
# everywhere else it says what is missing, and goes on: the tests that need it are then skipped (an error when CI is set).
set -euo pipefail

has_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
} >/dev/null

has_postgresql() {
    command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb'
} >/dev/null

missing=()
has_browser || missing+=(chromium)
has_postgresql || missing+=(postgresql)
if ((${#missing[@]} == 0)); then
    exit 0
fi

if ((EUID == 0)) && command -v apt-get >/dev/null; then
    echo "Installing for the tests: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq --yes --no-install-recommends "${missing[@]}" >/dev/null
    exit 0
fi

echo "Not found on this machine: ${missing[*]}. Tests that need them will be skipped." >&2
echo "Only root can install them: sudo apt-get install ${missing[*]}" >&2
