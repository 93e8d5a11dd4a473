#!/bin/sh
# Makes the virtual environment $1: the locked packages, each checked by its hash, then our package.
set -eu
venv=$1

say() { printf '==> %s\n' "$*" >&2; }
stop() { printf 'setup: %s\n' "$*" >&2; exit 1; }
is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13; do
        if is_new_enough "$candidate"; then echo "$candidate"; return; fi
    done
    stop "Python 3.11 or newer is missing; on Debian 12 or newer: apt-get install python3-venv"
}

if ! is_new_enough "$venv/bin/python"; then
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        stop "$python cannot make virtual environments; on Debian: apt-get install python3-venv"
    say "creating $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi

packages=$(grep -c '^[a-z0-9]' requirements.lock)
say "installing up to $packages packages from requirements.lock (under a minute with a good line)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
say "installing isthmus itself, without dependencies"
"$venv/bin/python" -m pip install --disable-pip-version-check --quiet \
    --no-index --no-deps --no-build-isolation --editable .
say "$venv is ready"
