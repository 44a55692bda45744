import numpy as np
import pytest

from dcm import Logistic, SoftRectifier

from circuits import SIZES


@pytest.fixture
def rng():
    return np.random.default_rng(12345)


@pytest.fixture(params=SIZES, ids=str)
def sizes(request):
    return request.param


@pytest.fixture(
    params=[Logistic(), SoftRectifier(gamma=0.6, theta=0.4)], ids=["logistic", "soft rectifier"]
)
def transfer(request):
    return request.param
