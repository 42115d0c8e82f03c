"""Which suites a site shows: those of this installation, and of one's own those that have what it needs."""

from dataclasses import dataclass

from icl_bench.errors import InputError
from icl_bench.frozen.errors import frozen_baselines
from icl_bench.resources import own_suites_folder
from icl_bench.suites import Suite, load_suite, suite_names


@dataclass(frozen=True)
class ShownSuites:
    """The suites that a site shows, and why it leaves out others, by their names."""

    suites: list[Suite]
    left_out: dict[str, InputError]


def shown_suites() -> ShownSuites:
    """Every suite, but for those of one's own that are damaged, not locked, or have no frozen baselines.

    An unfinished suite of one's own keeps no other one from its board. InputError as `load_suite` where a
    suite of this installation is damaged.
    """
    own = own_suites_folder()
    suites, left_out = [], {}
    for name in suite_names():
        try:
            suites.append(_with_baselines(name))
        except InputError as fault:
            if own is None or not (own / name).is_dir():
                raise
            left_out[name] = fault
    return ShownSuites(suites, left_out)


def _with_baselines(name: str) -> Suite:
    """A suite; InputError where no baseline of one of its tasks is frozen."""
    suite = load_suite(name)
    for task in suite.tasks:
        if not frozen_baselines(suite, task):
            raise InputError(
                f"no errors are frozen for {suite.full_name(task)} yet; "
                f"run `icl-bench baselines compute {suite.name}`",
                code="not-frozen",
            )
    return suite
