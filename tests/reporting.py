"""A run that is cut off has told what it found: a failure is shown when it happens, and a test that hangs is ended.

pytest-timeout raises in a test that takes too long. Where that test then waits for ever for what it began (a process, a
thread), nothing else would end it: its worker is, and pytest-xdist names the test and goes on with another worker.
"""

import faulthandler
import os
import threading
from collections.abc import Iterator

import pytest

# How long a test that was told to end may take to put its things away.
GRACE_SECONDS = 120.0
_HUNG = 70
_STDERR = pytest.StashKey[int]()


def _end(test: str, stderr: int) -> None:
    os.write(stderr, f"\n{test} did not end; where its threads are:\n".encode())
    faulthandler.dump_traceback(file=stderr, all_threads=True)
    os._exit(_HUNG)


def _limit_seconds(item: pytest.Item) -> float:
    """What pytest-timeout gives a test; 0 for no limit."""
    marker = item.get_closest_marker("timeout")
    if marker is not None:
        return float(marker.args[0])
    given = item.config.getoption("timeout")
    return float(item.config.getini("timeout") if given is None else given)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    limit = _limit_seconds(item)
    if not limit:
        return (yield)
    watchdog = threading.Timer(limit + GRACE_SECONDS, _end, [item.nodeid, item.config.stash[_STDERR]])
    watchdog.daemon = True
    watchdog.start()
    try:
        return (yield)
    finally:
        watchdog.cancel()


class Failures:
    """Shows what failed, in the process that people look at."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write("\n")
            self._terminal.write_line(f"FAILED {report.nodeid} ({report.when})")
            self._terminal.write_line(report.longreprtext)


@pytest.hookimpl(trylast=True)  # after the one that makes the reporter
def pytest_configure(config: pytest.Config) -> None:
    config.stash[_STDERR] = os.dup(2)  # while tests run, what is written there is kept for their reports
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(terminal))
