"""What holds for every registered function class."""

import copy
import doctest
import importlib

import numpy as np
import pytest
from raising import raises
from small_classes import DIMS, NAMES, POINTS, assert_mean_is_zero, draw, same, small, stated

from icl_bench.errors import SpecError
from icl_bench.function_classes.streams import raw_words
from icl_bench.specs.suite import FUNCTION_CLASSES, FunctionClassSpec, TaskSpec, parse

pytestmark = pytest.mark.slow

PROMPTS = 300  # more than `generate` makes at once
FUNCTIONS = 4_096

every = pytest.mark.parametrize("name", NAMES)


def task(function_class: dict) -> TaskSpec:
    about = {"schema": 1, "name": "a_task", "summary": "", "points": POINTS, "scored": "all"}
    rest = {"baseline": "zero", "exact": "zero", "exact_note": "", "function_class": function_class}
    return parse(TaskSpec, about | rest, "a_task.yaml")


@every
def test_shapes_and_types(name):
    function_class = small(name)
    xs, ys, parameters = draw(function_class, PROMPTS)
    assert xs.shape == (PROMPTS, POINTS, function_class.d)
    assert ys.shape == (PROMPTS, POINTS, function_class.k)
    assert xs.dtype == ys.dtype == np.float32
    assert np.isfinite(xs).all()
    assert np.isfinite(ys).all()
    assert parameters
    assert all(len(array) == PROMPTS for array in parameters.values())


@every
def test_evaluating_twice_gives_the_same_bits_and_changes_nothing(name):
    function_class = small(name)
    xs, ys, parameters = draw(function_class, PROMPTS)
    xs_before, parameters_before = xs.copy(), copy.deepcopy(parameters)
    assert function_class.evaluate(parameters, xs).tobytes() == ys.tobytes()
    assert np.array_equal(xs, xs_before)
    assert same(parameters, parameters_before)


@every
def test_evaluating_accepts_read_only_arrays(name):
    """Frozen prompts are mapped files."""
    function_class = small(name)
    xs, ys, parameters = draw(function_class, 4)
    for array in (xs, *parameters.values()):
        array.flags.writeable = False
    assert np.array_equal(function_class.evaluate(parameters, xs), ys)


@every
def test_sampling_reads_only_its_words(name):
    function_class = small(name)
    raw = raw_words("tests", 0, 20, function_class.words(POINTS))
    raw.flags.writeable = False
    xs, parameters = function_class.sample(raw, POINTS)
    again, parameters_again = function_class.sample(raw.copy(), POINTS)
    assert np.array_equal(xs, again)
    assert same(parameters, parameters_again)


@every
def test_a_prompt_does_not_depend_on_its_neighbours(name):
    function_class = small(name)
    xs, ys, parameters = draw(function_class, PROMPTS)
    for start, count in ((0, 1), (7, 1), (64, 64), (PROMPTS - 1, 1)):
        some = draw(function_class, count, start=start)
        part = slice(start, start + count)
        assert np.array_equal(some[0], xs[part])
        assert np.array_equal(some[1], ys[part])
        assert same(some[2], {key: array[part] for key, array in parameters.items()})


@every
def test_every_prompt_has_a_function_and_inputs_of_its_own(name):
    """An earlier codebase scored 1,280 prompts on 20 functions."""
    xs, _, parameters = draw(small(name), PROMPTS)
    assert len(np.unique(xs.reshape(PROMPTS, -1), axis=0)) == PROMPTS
    functions = np.concatenate([array.reshape(PROMPTS, -1) for array in parameters.values()], axis=1)
    assert len(np.unique(functions, axis=0)) > 3


@every
@pytest.mark.parametrize("points", range(1, POINTS))
def test_a_prompt_that_ends_early_keeps_its_targets(name, points):
    function_class = small(name)
    xs, ys, parameters = draw(function_class, 50)
    assert np.array_equal(function_class.evaluate(parameters, xs[:, :points]), ys[:, :points])


@every
@pytest.mark.parametrize("active", range(1, DIMS + 1))
def test_inactive_coordinates_are_read_as_zero(name, active):
    """The curriculum sets the last coordinates of x to 0; targets follow, at any length."""
    function_class = small(name)
    xs, ys, parameters = draw(function_class, 50)
    cut = xs.copy()
    cut[:, :, active:] = 0.0
    targets = function_class.evaluate(parameters, cut)
    assert targets.shape == ys.shape
    assert np.isfinite(targets).all()
    assert np.array_equal(targets[:, :3], function_class.evaluate(parameters, cut[:, :3]))
    assert active < DIMS or np.array_equal(targets, ys)


@every
def test_all_coordinates_active_are_the_prompts_without_a_curriculum(name):
    function_class = small(name)
    raw = raw_words("tests", 0, 50, function_class.words(POINTS))
    xs, parameters = function_class.sample(raw, POINTS)
    active, active_parameters = function_class.sample_active(raw, POINTS, DIMS)
    assert np.array_equal(active, xs)
    assert same(active_parameters, parameters)


@every
@pytest.mark.parametrize("active", range(1, DIMS))
def test_a_curriculum_hides_coordinates_and_keeps_the_others(name, active):
    function_class = small(name)
    raw = raw_words("tests", 0, 50, function_class.words(POINTS))
    xs, parameters = function_class.sample_active(raw, POINTS, active)
    assert (xs[:, :, active:] == 0).all()
    assert np.array_equal(xs[:, :, :active], function_class.sample(raw, POINTS)[0][:, :, :active])
    assert np.isfinite(function_class.evaluate(parameters, xs)).all()


@pytest.mark.parametrize("name", [name for name in stated() if not small(name).inputs_inform])
def test_the_prior_mean_is_the_mean_of_drawn_functions_at_fixed_inputs(name):
    """Scores are measured from it, so that it has to be exact."""
    function_class = small(name)
    xs, _, parameters = draw(function_class, FUNCTIONS)
    for prompt in xs[:4]:
        means = function_class.prior_mean(prompt[None])
        assert means.shape == (1, POINTS, function_class.k)
        ys = function_class.evaluate(parameters, np.repeat(prompt[None], FUNCTIONS, axis=0))
        assert_mean_is_zero(ys - means)


@pytest.mark.parametrize("name", stated())
def test_no_coordinate_says_more_of_y_than_the_prior_mean(name):
    """At every place of a prompt: x and the function are drawn together, as x may tell of the function."""
    function_class = small(name)
    xs, ys, _ = draw(function_class, FUNCTIONS)
    residuals = ys - function_class.prior_mean(xs)
    assert_mean_is_zero(residuals)
    for coordinate in range(function_class.d):
        assert_mean_is_zero(residuals * xs[:, :, coordinate, None])


@every
def test_points_ask_for_their_own_words(name):
    function_class = small(name)
    for points in (2, 3, 40):
        assert draw(function_class, 3, points)[1].shape == (3, points, function_class.k)


@every
def test_the_spec_survives_a_round_trip(name):
    function_class = small(name)
    assert FUNCTION_CLASSES.parse(function_class.model_dump()) == function_class
    assert isinstance(function_class, FunctionClassSpec)
    assert function_class.type == name


@every
def test_a_misspelt_size_names_the_right_one(name):
    sizes = small(name).model_dump()
    sizes["dimz"] = sizes.pop("dims")
    with raises(SpecError, "unknown-key", naming=("a_task.yaml: function_class: ", "did you mean 'dims'")):
        task(sizes)


@every
@pytest.mark.parametrize("value", [0, -1, 10**9, "5", 2.5, None, True])
def test_an_impossible_size_is_reported_with_its_place(name, value):
    with raises(SpecError, naming="a_task.yaml: function_class"):
        task(small(name).model_dump() | {"dims": value})


@every
def test_the_text_shown_to_a_reader_is_there(name):
    function_class = small(name)
    assert function_class.formula.startswith("y = ")
    assert function_class.prior


@every
def test_the_prompt_in_the_docstring_is_right(name):
    """Each file opens with its formula, its prior, one tiny prompt, its exact predictor and its source."""
    module = importlib.import_module(FUNCTION_CLASSES.entries()[name].__module__)
    for part in ("Prior:", "One prompt with", "predictor:", "Source:", "arXiv"):
        assert part in module.__doc__
    results = doctest.testmod(module)
    assert results.attempted > 1
    assert results.failed == 0


def test_an_unknown_class_gives_the_nearest():
    with raises(SpecError, naming="did you mean 'linear_regression'"):
        task({"type": "linear_regresion", "dims": 3})


@pytest.mark.parametrize("name", ["sparse_parity", "sparse_linear_regression"])
def test_more_kept_coordinates_than_there_are(name):
    with raises(SpecError, naming=("sparsity 4", "dims 3")):
        task({"type": name, "dims": 3, "sparsity": 4})


def test_a_network_too_wide_for_exact_targets():
    """dims · width products of three grid numbers must fit in 64 bits."""
    task({"type": "two_layer_mlp", "dims": 20, "width": 1_515})
    with raises(SpecError, naming="30,3"):
        task({"type": "two_layer_mlp", "dims": 20, "width": 1_518})
