#!/bin/sh
# Writes every lock again with uv ($1): exact versions, hashes for all platforms, no index address.
set -eu
uv=$1

compile() {
    lock=$1; shift
    printf '==> %s\n' "$lock" >&2
    "$uv" pip compile "$@" --output-file "$lock" --quiet --no-config \
        --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade}
}

compile requirements.lock --extra dedupe pyproject.toml requirements/dev.in
compile tests/locks/tryton.lock requirements/tryton.in
compile tests/locks/bench.lock requirements/bench.in
compile tests/locks/calendar.lock requirements/calendar.in
compile tests/locks/mail.lock requirements/mail.in
compile tests/locks/mutation.lock requirements/mutation.in
