"""The folder of a training run: a state to resume or a finished checkpoint, one process at a time."""

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from icl_bench.errors import CheckpointError, InputError
from icl_bench.files import cannot_write, check_file_place, whole_file, write_text
from icl_bench.specs.checkpoint_files import CONFIG_FILE, WEIGHTS_FILE
from icl_bench.temporary import is_temporary
from icl_bench.training.log import LOG_FILE

STATE_FILE = "state.pt"
LOCK_FILE = "run.lock"  # held by the process that trains in the folder
MADE_FOLDER = ".checkpoint.part"  # the checkpoint, before its files take their places


class RunFolder:
    """A run's files. A claim lasts until `release`, `finish`, an error in its body or the process's end.

    Where it is not `locked` a claim keeps no other process away: each run belongs to one job already.
    """

    def __init__(self, path: Path, locked: bool = True) -> None:
        self.path = path
        self._lock = FileLock(path / LOCK_FILE, timeout=0) if locked else None

    @property
    def state(self) -> Path:
        """Where the saved state is, or will be."""
        return self.path / STATE_FILE

    @contextmanager
    def claim_new(self) -> Iterator[None]:
        """For a run that begins. InputError where the folder holds anything: a run, or what is not ours."""
        check_file_place(self.state)
        self._refuse_taken()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        with self._claimed(self._refuse_taken):
            self._remove_leftovers()
            yield

    @contextmanager
    def claim_begun(self) -> Iterator[None]:
        """For a run that is resumed. CheckpointError where the folder holds none, or a finished one."""
        check_file_place(self.state)
        self._refuse_nothing()
        with self._claimed(self._refuse_nothing):
            yield
            self._remove_leftovers()

    def release(self) -> None:
        """Let another process train in the folder."""
        if self._lock is not None:
            self._lock.release()

    def read_state(self) -> bytes:
        """The saved state. CheckpointError where it cannot be read."""
        try:
            return self.state.read_bytes()
        except OSError as error:
            raise CheckpointError(
                f"cannot read {self.state}: {error.strerror or error}; fix that and continue with --resume",
                code="unreadable-state",
            ) from None

    def write_state(self, content: bytes | memoryview) -> None:
        """Write the state, whole or not at all."""
        with whole_file(self.state) as part:
            part.write_bytes(content)

    def write_log(self, rows: str) -> None:
        """Write the learning curve so far, whole or not at all."""
        write_text(self.path / LOG_FILE, rows)

    def finish(self, write: Callable[[Path], None], curve: Collection[str]) -> None:
        """Put the checkpoint, which `write` puts into a folder, and the files of the learning curve that it
        has beside it in place of the state.

        The config comes last: who is killed before it leaves a run to resume, after it a finished one.
        """
        saved = self.path / MADE_FOLDER
        write(saved)
        try:
            for name in (WEIGHTS_FILE, *curve, CONFIG_FILE):
                os.replace(saved / name, self.path / name)
            self._remove_state()
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self.release()

    @contextmanager
    def _claimed(self, refuse: Callable[[], None]) -> Iterator[None]:
        """InputError where another process trains in the folder; `refuse` looks at what one did meanwhile."""
        try:
            if self._lock is not None:
                self._lock.acquire()
        except Timeout:
            raise InputError(
                f"another process trains in {self.path}; wait for it, or name another --out",
                code="another-process",
            ) from None
        try:
            refuse()
            yield
        except BaseException:
            self.release()
            raise

    def _refuse_taken(self) -> None:
        if (self.path / CONFIG_FILE).exists():
            self._tidy_finished()
            raise InputError(f"{self.path} holds a finished run; name another --out", code="run-finished")
        if self.state.exists():
            raise InputError(
                f"{self.path} already holds a run; continue with --resume, or name another --out",
                code="run-there",
            )
        held = set(self.path.iterdir()) if self.path.is_dir() else set()
        foreign = sorted(held - {self.path / LOCK_FILE} - set(self._leftovers()))
        if foreign:
            raise InputError(
                f"{self.path} is not empty (it holds {foreign[0].name!r}); name a new folder",
                code="not-empty",
            )

    def _refuse_nothing(self) -> None:
        if (self.path / CONFIG_FILE).exists():
            self._tidy_finished()
            raise CheckpointError(
                f"nothing to resume: the run in {self.path} is finished; score it with icl-bench evaluate",
                code="nothing-to-resume",
            )
        if not self.state.exists():
            raise CheckpointError(
                f"nothing to resume: no {STATE_FILE} in {self.path}; train without --resume",
                code="nothing-to-resume",
            )

    def _tidy_finished(self) -> None:
        """Remove what a run left that was killed once its config was in place."""
        if self.state.exists() or (self.path / LOCK_FILE).exists() or self._leftovers():
            with suppress(OSError), self._lock or nullcontext():  # unless another process holds it
                self._remove_state()

    def _remove_state(self) -> None:
        for name in (STATE_FILE, LOCK_FILE):
            (self.path / name).unlink(missing_ok=True)
        self._remove_leftovers()

    def _leftovers(self) -> list[Path]:
        """What a process left that was killed while it wrote."""
        held = self.path.iterdir() if self.path.is_dir() else ()
        return [path for path in held if path.name == MADE_FOLDER or is_temporary(path.name)]

    def _remove_leftovers(self) -> None:
        for path in self._leftovers():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
