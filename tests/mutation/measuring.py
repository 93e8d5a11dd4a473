"""``python -m tests.mutation.measuring TOOLS DATA FILE…``: runs tests, and writes who came by which line."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


class Watch:
    """Every test is a context of its own."""

    def __init__(self, coverage: Any) -> None:
        self._coverage = coverage
        self.took: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._coverage.switch_context(item.nodeid)
        began = time.process_time()
        answer = yield
        self.took[item.nodeid] = round(time.process_time() - began, 3)
        self._coverage.switch_context("")
        return answer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not report.passed:
            self.failed.add(report.nodeid)


def main(tools: str, data: str, *files: str) -> int:
    sys.path.append(tools)
    from coverage import Coverage  # type: ignore[import-not-found]

    coverage = Coverage(data_file=data, source=["hub/protocol", "hub/crm", "hub/sync"], config_file=False)
    watch = Watch(coverage)
    coverage.start()
    pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not servers", *files], plugins=[watch])
    coverage.stop()
    coverage.save()
    told = {"took": watch.took, "failed": sorted(watch.failed)}
    Path(data).with_suffix(".took").write_text(json.dumps(told), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
