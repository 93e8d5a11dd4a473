"""``python -m tests.fuzz --inputs 1000000``: exit code 1 when anything was uncaught or hung."""

from __future__ import annotations

import argparse
import json
import sys

from tests.fuzz.run import fuzz
from tests.fuzz.targets import list_targets


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="targets whose name begins so")
    wanted = parser.parse_args()
    targets = {name: target for name, target in list_targets().items() if name.startswith(wanted.only)}
    found = fuzz(targets, wanted.inputs, wanted.seed)
    for place, words in found.failures.items():
        print(place, words, sep="\n", file=sys.stderr)
    told = {name: getattr(found, name) for name in ("inputs", "refused", "uncaught", "hangs")}
    common = dict(found.by_error.most_common(10))
    print(json.dumps({**told, "targets": len(targets), "slowest_s": round(found.slowest_s, 3), "errors": common}))
    return 1 if found.uncaught or found.hangs else 0


if __name__ == "__main__":
    sys.exit(main())
