"""A device that is not there is one short line."""

import pytest
from raising import raises

from icl_bench.errors import InputError
from icl_bench.models.device import usable_device


@pytest.mark.parametrize("name", ["mps", "mps:0", "cuda:99", "xpu", "cuda:x", "CPU", ""])
def test_a_device_that_is_not_there(name):
    with raises(InputError, "no-device", naming=(f"'{name}'", "--device cpu")) as caught:
        usable_device(name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_mps_that_is_not_there_is_reported_in_its_own_words():
    with raises(InputError, "no-device", naming="MPS"):
        usable_device("mps")


def test_the_cpu_is_there():
    assert usable_device("cpu").type == "cpu"
