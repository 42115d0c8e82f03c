"""Functions compiled for the CPU with numba: where their machine code is kept, and how they are called."""

import sys
import threading
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from icl_bench.resources import threads

_ONE_CALL = threading.Lock()  # numba's thread pool serves one caller at a time


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Compile at the first call, and keep the machine code beside the function's file or in the user's
    cache where either is writable. Options are those of `numba.njit`.
    """
    try:
        return numba.njit(error_model="numpy", cache=True, **options)(function)
    except RuntimeError:  # no place for the cache
        return numba.njit(error_model="numpy", **options)(function)


def call(kernel: Any, *arguments: np.ndarray | float | int) -> None:
    """Run a compiled kernel that works in place, on as many threads as torch has where torch is in use."""
    wanted = threads()
    with _ONE_CALL:
        numba.set_num_threads(min(wanted, numba.config.NUMBA_NUM_THREADS))
        kernel(*arguments)
    if threads() != wanted:  # numba's first call resets the pool that both share
        sys.modules["torch"].set_num_threads(wanted)
