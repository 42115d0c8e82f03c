"""What an error of icl-bench has to be: its code, its data, and one line."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from icl_bench.errors import ICLBenchError


@contextmanager
def raises(
    error: type[ICLBenchError],
    code: str | None = None,
    *,
    naming: str | float | Path | Iterable[object] = (),
) -> Iterator[pytest.ExceptionInfo[ICLBenchError]]:
    """The block raises `error` with this code, in one line that holds all of `naming`.

    `code` may be left out where the class is enough. `naming` is what was filled into the message, or a
    command that the user is to run; not its words, which may change.
    """
    with pytest.raises(error) as caught:
        yield caught
    message = str(caught.value)
    assert code in (None, caught.value.code), f"{caught.value.code}: {message}"
    assert "\n" not in message, message
    for name in [naming] if isinstance(naming, str | float | int | Path) else naming:
        assert str(name) in message, message
