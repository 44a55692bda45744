"""Skips what needs MNIST where it is not on this machine: tests never download."""

import pytest

from dcm.experiments.mnist import data as datasets


def pytest_collection_modifyitems(items):
    needing = [
        item
        for item in items
        if item.get_closest_marker("mnist") or "04_mnist.ipynb" in item.nodeid
    ]
    if not needing:
        return
    try:
        datasets.mnist(download=False)
    except (datasets.DataUnavailable, ValueError) as error:
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=str(error)))
