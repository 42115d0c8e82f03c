"""What a job is made of."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Work(Protocol):
    """A piece of work: independent of every other one, and safe to begin again after it was cut off.

    It is pickled for the job that does it, so it holds plain data. Paths in it are absolute.
    """

    @property
    def key(self) -> str:
        """What it is called in logs and tables; no other piece of work of the folder has this key."""

    @property
    def request(self) -> str:
        """All that decides its result, as text: work of one key and another request is other work."""

    def is_done(self) -> bool:
        """Whether its result is there, whole."""

    def saved(self) -> object:
        """How far it is, as a value that changes whenever more of it is saved."""

    def run(self) -> None:
        """Do what is left of it.

        ICLBenchError where that is impossible; an interruption is raised once what was done is saved.
        """
