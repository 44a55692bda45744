"""Skips what needs MNIST where it is not on this machine: tests never download."""

import pytest


def pytest_collection_modifyitems(items):
    needing = []
    for item in items:
        if item.get_closest_marker("mnist") or "04_mnist.ipynb" in item.nodeid:
            needing.append(item)
    if not needing:
        return
    from dcm.experiments.mnist.data import DataUnavailable, mnist

    try:
        mnist(download=False)
    except (DataUnavailable, ValueError) as error:
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=str(error)))
