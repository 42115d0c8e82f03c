"""Functions compiled for the CPU with numba: where their machine code is kept, and how they are called."""

import functools
import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.core import sigutils
from numba.core.caching import FunctionCache, NullCache
from numba.core.codegen import JITCPUCodegen
from numba.core.compiler import CompileResult

from icl_bench.resources import threads

_ONE_CALL = threading.Lock()  # numba's thread pool serves one caller at a time


@functools.cache
def sources_digest(folder: Path) -> str:
    """A digest of all code beside a kernel's file and in folders there, which may hold what it calls."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _OptionalCache(FunctionCache):
    """Machine code on disk where it can be kept: a full disk or a failing one only costs the compilation.

    It is that of the kernel's file and of all files beside and below it.
    """

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        folder = Path(self._py_func.__code__.co_filename).parent
        return (*super()._index_key(sig, codegen), sources_digest(folder))

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for a signature, None where there is none that can be read."""
        with suppress(OSError):
            return super().load_overload(sig, target_context)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for a signature, where that is possible."""
        with suppress(OSError):
            super().save_overload(sig, data)


@functools.cache
def _second_engine() -> JITCPUCodegen:
    return JITCPUCodegen("icl_bench.compiled")


@contextmanager
def _apart(target_context: Any) -> Iterator[None]:
    """What is compiled goes into a second engine, whose symbols the first does not know."""
    engine, target_context._internal_codegen = target_context._internal_codegen, _second_engine()
    try:
        yield
    finally:
        target_context._internal_codegen = engine


class _Loaded(NullCache):
    """Makes a kernel run loaded code in the process that compiles it too, so that it rounds the same there.

    A kernel's object code has its own copies of the functions it calls, optimised once more. The linker drops
    a copy where the engine has that function already, as it has after compiling it: of two products in a sum,
    the copy may fuse one with the addition and the function itself the other.
    """

    def __init__(self, kernel: Any) -> None:
        self._compile = kernel._compiler.compile
        self._kept: Any = NullCache()
        with suppress(RuntimeError, OSError):  # no place for the cache
            self._kept = _OptionalCache(kernel.py_func)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for a signature: kept code where there is some, else compiled, kept and loaded."""
        kept = self._kept.load_overload(sig, target_context)
        if kept is not None:
            return kept
        target_context.refresh()
        with _apart(target_context):
            fresh = self._compile(*sigutils.normalize_signature(sig))
            self._kept.save_overload(sig, fresh)
        return CompileResult._rebuild(target_context, *fresh._reduce())


def compiled(function: Callable[..., Any], **options: Any) -> Any:
    """Compile at the first call, and keep the machine code beside the function's file or in the user's
    cache where either is writable. Options are those of `numba.njit`.
    """
    kernel = numba.njit(error_model="numpy", **options)(function)
    kernel._cache = _Loaded(kernel)  # what `cache=True` does with its own class
    return kernel


def call(kernel: Any, *arguments: np.ndarray | float | int) -> None:
    """Run a compiled kernel that works in place, on as many threads as torch has where torch is in use."""
    wanted = threads()
    with _ONE_CALL:
        numba.set_num_threads(min(wanted, numba.config.NUMBA_NUM_THREADS))
        kernel(*arguments)
    if threads() != wanted:  # numba's first call resets the pool that both share
        sys.modules["torch"].set_num_threads(wanted)
