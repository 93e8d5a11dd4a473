"""The command line: makes sure that the packages it finds are ours, then assembles ``hub.commands``."""

from __future__ import annotations

import importlib
import sys

SENTINEL = "isthmus"
PACKAGES = ("hub", "connectors", "mappings")


def find_stranger() -> str | None:
    """The first of our packages whose name somebody else's package has taken, or that is missing."""
    for name in PACKAGES:
        try:
            package = importlib.import_module(name)
        except ImportError:
            return name
        if getattr(package, "ISTHMUS", None) != SENTINEL:
            return name
    return None


def main() -> None:
    """Run ``isthmus``."""
    stranger = find_stranger()
    if stranger is not None:
        sys.stderr.write(
            f"isthmus: the package “{stranger}” that Python finds here is not ours; install isthmus in an environment "
            f"of its own. 这里找到的“{stranger}”包不属于 isthmus，请安装到单独的环境中。\n"
        )
        sys.exit(2)
    from hub.commands.app import run_app

    run_app()


if __name__ == "__main__":
    main()
