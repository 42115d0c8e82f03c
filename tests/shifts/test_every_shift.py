"""What holds for every shift, on every function class: prompts stay prompts, pure and exact."""

import numpy as np
import pytest
from function_classes.small_classes import NAMES, assert_mean_is_zero, small, stated

from icl_bench.function_classes.streams import GRID, raw_words
from icl_bench.shifts.base import Drawn
from icl_bench.specs.suite import SHIFTS

POINTS, PROMPTS = 6, 64


def shifted(shift_name: str, class_name: str, start: int = 0, prompts: int = PROMPTS) -> tuple:
    """Prompts of a small function class before the shift, and after it."""
    function_class = small(class_name)
    entry = SHIFTS.entries()[shift_name]
    shift = entry(**entry.example)
    own, further = function_class.words(POINTS), shift.words(function_class, POINTS)
    raw = raw_words(f"test/{shift_name}/{class_name}", start, prompts, own + further)
    drawn = Drawn(*function_class.sample(raw[:, :own], POINTS))
    return function_class, drawn, shift.apply(drawn, raw[:, own:], function_class)


@pytest.mark.parametrize("class_name", NAMES)
@pytest.mark.parametrize("shift_name", sorted(SHIFTS.entries()))
class TestEveryShift:
    def test_arrays_keep_their_shapes(self, shift_name, class_name):
        _, before, after = shifted(shift_name, class_name)
        for array in (after.xs, after.queries, after.noise):
            if array is not None:
                assert array.dtype == np.float32
                assert array.shape[:2] == (PROMPTS, POINTS)
        assert after.xs.shape == before.xs.shape
        assert all(len(parameter) == PROMPTS for parameter in after.parameters.values())

    def test_it_says_whether_it_asks_apart_from_the_context(self, shift_name, class_name):
        _, _, after = shifted(shift_name, class_name)
        assert SHIFTS.entries()[shift_name].asks_apart == (after.queries is not None)

    def test_it_changes_something_and_nothing_in_place(self, shift_name, class_name):
        _, before, after = shifted(shift_name, class_name)
        _, again, _ = shifted(shift_name, class_name)
        assert np.array_equal(before.xs, again.xs)
        changed = after.queries is not None or after.noise is not None
        changed = changed or not np.array_equal(before.xs, after.xs)
        changed = changed or any(
            not np.array_equal(before.parameters[name], after.parameters[name]) for name in before.parameters
        )
        function_class = small(class_name)
        assert changed or function_class.labels or class_name in ("sparse_parity", "vector_mqar")

    def test_a_prompt_is_the_same_whatever_else_is_asked_for(self, shift_name, class_name):
        _, _, every = shifted(shift_name, class_name)
        _, _, some = shifted(shift_name, class_name, start=40, prompts=5)
        assert np.array_equal(some.xs, every.xs[40:45])
        if every.queries is not None:
            assert np.array_equal(some.queries, every.queries[40:45])

    def test_inputs_stay_where_targets_are_exact(self, shift_name, class_name):
        function_class, before, after = shifted(shift_name, class_name)
        on_grid = (before.xs / GRID == np.rint(before.xs / GRID)).all()
        for xs in (after.xs, after.queries):
            if xs is not None and on_grid:
                assert (xs / GRID == np.rint(xs / GRID)).all()
        if on_grid:
            targets = function_class.evaluate(after.parameters, after.xs)
            assert np.isfinite(targets).all()


# where x tells of the function, a shift of x changes what it tells, and no prior mean is given
@pytest.mark.parametrize("class_name", [name for name in stated() if not small(name).inputs_inform])
@pytest.mark.parametrize(
    "shift_name", [name for name, entry in sorted(SHIFTS.entries().items()) if entry.keeps_prior_mean]
)
def test_the_prior_mean_stays_where_a_shift_says_so(shift_name, class_name):
    """What it leaves of y is uncorrelated with anything that is made from x."""
    if (shift_name, class_name) in [("repeated", "vector_mqar"), ("biased", "vector_mqar")]:
        pytest.skip("values belong to the places of keys: there are no targets for queries apart from them")
    function_class, _, after = shifted(shift_name, class_name, prompts=4_096)
    xs = after.xs if after.queries is None else after.queries
    residuals = function_class.evaluate(after.parameters, xs) - function_class.prior_mean(xs)
    if after.noise is not None:
        residuals = residuals + after.noise
    for feature in (np.ones_like(xs[:, :, 0]), *np.moveaxis(xs, 2, 0), xs[:, :, 0] * xs[:, :, 1]):
        assert_mean_is_zero(residuals * feature[:, :, None])
