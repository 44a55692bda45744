"""For all tests: what skips them, and the table of the fault tests at the end."""

import os

import pytest

os.environ.pop("MPLBACKEND", None)  # the tests choose their backend; it may be one that is missing
FAULTS = {}  # kind of fault: cases, lost, wrong


def pytest_configure(config):
    """For this process and all that it starts: no download, ``DCM_DATA`` whatever their folder."""
    os.environ["DCM_DOWNLOAD"] = "0"
    if not os.environ.get("DCM_DATA", "").strip():
        return
    from dcm.experiments.mnist.sources import DataError, find, given_folder

    os.environ["DCM_DATA"] = str(given_folder())
    if hasattr(config, "workerinput"):
        return  # the process that started this worker has looked
    try:
        find(download=False)
    except DataError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(items):
    """Skip what needs MNIST or Numba where this machine has them not."""
    skip_without_numba([item for item in items if item.get_closest_marker("compiled")])
    needing = []
    for item in items:
        if item.get_closest_marker("mnist") or "04_mnist.ipynb" in item.nodeid:
            needing.append(item)
    if not needing:
        return
    from dcm.experiments.mnist.sources import DataUnavailable, find

    try:
        find(download=False)
    except DataUnavailable as error:
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=str(error)))


def skip_without_numba(needing):
    """Skip tests that are about compiled code."""
    if not needing:
        return
    from dcm import kernels

    if kernels.NO_NUMBA:
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=kernels.NO_NUMBA))


def pytest_runtest_logreport(report):
    """Add up the tallies of ``tests/faults``."""
    if report.when != "teardown":
        return
    for name, row in report.user_properties:
        if name == "faults":
            kind, *counts = row
            before = FAULTS.get(kind, (0, 0, 0))
            FAULTS[kind] = tuple(a + b for a, b in zip(before, counts, strict=True))


def pytest_terminal_summary(terminalreporter):
    """The table of faults: kind, cases, lost, wrong."""
    if not FAULTS:
        return
    width = max(map(len, FAULTS))
    terminalreporter.section("faults")
    terminalreporter.line(f"{'kind':{width}s} {'cases':>8s} {'lost':>6s} {'wrong':>6s}")
    for kind, (cases, lost, wrong) in sorted(FAULTS.items()):
        terminalreporter.line(f"{kind:{width}s} {cases:8d} {lost:6d} {wrong:6d}")
