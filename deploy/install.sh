#!/bin/sh
# Installs isthmus from this folder into an environment of its own; no network is used.
#   sh install.sh [FOLDER]     default: ~/.local/share/isthmus
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
target=${1:-$HOME/.local/share/isthmus}
read -r version platform <"$here/PYTHON"

say() { printf '%s\n' "$*"; }
stop() { printf 'install.sh: %s\n' "$*" >&2; exit 2; }
fits() { "$1" -c 'import sys, sysconfig
sys.exit(["%d.%d" % sys.version_info[:2], sysconfig.get_platform()] != sys.argv[1:])' "$version" "$platform" 2>/dev/null; }

(cd -- "$here" && sha256sum --check --quiet SHA256SUMS) || stop "a file of this folder is not what it was; copy it again"
for python in "${PYTHON:-python$version}" python3; do
    if fits "$python"; then break; fi
    python=
done
[ -n "$python" ] || stop "these wheels need Python $version on $platform; make the folder on a machine like this one (make dist)"
"$python" -c 'import ensurepip' 2>/dev/null || stop "$python cannot make environments; on Debian: apt-get install python3-venv"

"$python" -m venv "$target"
"$target/bin/python" -m pip --isolated --disable-pip-version-check install --quiet \
    --no-index --find-links "$here/wheels" --require-hashes -r "$here/requirements.txt"
"$target/bin/isthmus" --version
say "installed: $target/bin/isthmus   begin with: $target/bin/isthmus init"
