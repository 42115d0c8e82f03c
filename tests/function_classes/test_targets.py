"""Targets against a slow recomputation in exact arithmetic, point by point, from the parameters alone."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from raising import raises
from small_classes import NAMES, draw, small

from icl_bench.errors import InputError
from icl_bench.function_classes.base import FunctionClass
from icl_bench.specs.suite import FUNCTION_CLASSES

Exact = list[Fraction]


def exact(values: np.ndarray) -> Exact:
    return [Fraction(float(value)) for value in values]


def dot(a: Exact, b: Exact) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def linear(parameters: dict, xs: np.ndarray, i: int) -> Exact:
    return [dot(exact(parameters["w"]), exact(xs[i]))]


def mlp(parameters: dict, xs: np.ndarray, i: int) -> Exact:
    x = exact(xs[i])
    hidden = [max(dot(exact(column), x), Fraction(0)) for column in parameters["W1"].T]
    return [dot(exact(parameters["W2"]), hidden)]


def tree(parameters: dict, xs: np.ndarray, i: int) -> Exact:
    """Walk down: the nodes of a level stand side by side, so the path's bits number node and leaf."""
    path, level = 0, 1
    while level <= len(parameters["nodes"]):
        coordinate = parameters["nodes"][level - 1 + path]
        path, level = 2 * path + int(xs[i, coordinate] > 0), 2 * level
    return exact(parameters["leaves"][path : path + 1])


def parity(parameters: dict, xs: np.ndarray, i: int) -> Exact:
    product = Fraction(1)
    for coordinate in parameters["subset"]:
        product *= Fraction(float(xs[i, coordinate]))
    return [product]


def mqar(parameters: dict, xs: np.ndarray, i: int) -> Exact:
    first = next(j for j in range(i + 1) if xs[j].tolist() == xs[i].tolist())
    return exact(parameters["values"][first])


def sign(true: bool) -> Exact:
    return [Fraction(1 if true else -1)]


def conjunction(literals: np.ndarray, x: np.ndarray) -> bool:
    return all(literal * value >= 0 for literal, value in zip(literals.tolist(), x.tolist(), strict=True))


def majority(parameters: dict, xs: np.ndarray, i: int) -> Exact:
    return sign(dot(exact(parameters["counted"]), exact(xs[i])) > 0)


def any_parity(parameters: dict, xs: np.ndarray, i: int) -> Exact:
    return parity({"subset": np.flatnonzero(parameters["hidden"] == 1)}, xs, i)


def nearest(parameters: dict, xs: np.ndarray, i: int) -> Exact:
    """Its own label where it has one, else that of the largest inner product, the first of equals."""
    labels = exact(parameters["labels"])
    if i < len(labels):
        return [labels[i]]
    products = [dot(exact(xs[j]), exact(xs[i])) for j in range(len(labels))]
    return [labels[products.index(max(products))]]


REFERENCES: dict[str, Callable[[dict, np.ndarray, int], Exact]] = {
    "linear_regression": linear,
    "sparse_linear_regression": linear,
    "conditioned_regression": linear,
    "two_layer_mlp": mlp,
    "decision_tree": tree,
    "sparse_parity": parity,
    "vector_mqar": mqar,
    "conjunction": lambda p, xs, i: sign(conjunction(p["literals"], xs[i])),
    "conjunction_taught": lambda p, xs, i: sign(conjunction(p["literals"], xs[i])),
    "disjunction": lambda p, xs, i: sign(not conjunction(-p["literals"], xs[i])),
    "dnf": lambda p, xs, i: sign(any(conjunction(clause, xs[i]) for clause in p["clauses"])),
    "majority": majority,
    "parity_any": any_parity,
    "parity_2": parity,
    "nearest": nearest,
}


def rounded(value: Fraction) -> np.float32:
    """The float32 nearest to an exact value, ties to even, by comparing it with its neighbours."""
    guess = np.float32(float(value))
    near = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]

    def distance(candidate: np.float32) -> tuple[Fraction, int]:
        return abs(Fraction(float(candidate)) - value), int(candidate.view(np.uint32)) & 1

    return min(near, key=distance)


def check(
    name: str, function_class: FunctionClass, prompts: int, points: int, active: int | None = None
) -> None:
    """Compare every target with its reference, with only the first `active` coordinates of x left."""
    xs, _, parameters = draw(function_class, prompts, points)
    if active is not None:
        xs[:, :, active:] = 0.0
    ys = function_class.evaluate(parameters, xs)
    for prompt in range(prompts):
        own = {key: array[prompt] for key, array in parameters.items()}
        for i in range(points):
            expected = [rounded(value) for value in REFERENCES[name](own, xs[prompt], i)]
            assert ys[prompt, i].tolist() == expected


def test_every_class_has_a_reference():
    assert sorted(REFERENCES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_targets_are_exact_at_small_size(name):
    check(name, small(name), prompts=40, points=7)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("active", [1, 3])
def test_targets_are_exact_under_the_curriculum(name, active):
    check(name, small(name), prompts=20, points=7, active=active)


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "linear_regression", "dims": 20},
        {"type": "sparse_linear_regression", "dims": 20, "sparsity": 3},
        {"type": "two_layer_mlp", "dims": 20, "width": 100},
        {"type": "decision_tree", "dims": 20, "depth": 4},
        {"type": "sparse_parity", "dims": 10, "sparsity": 2},
        {"type": "vector_mqar", "dims": 20},
    ],
    ids=lambda spec: spec["type"],
)
def test_targets_are_exact_at_paper_size(spec):
    check(spec["type"], FUNCTION_CLASSES.parse(spec), prompts=2, points=9)


UNIT, EDGE = 2.0**-13, 67_253 * 2.0**-13  # the smallest and the largest number of the grid


def network(x: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> np.float32:
    """The target of one network at one point."""
    function_class = FUNCTION_CLASSES.parse({"type": "two_layer_mlp", "dims": len(x), "width": len(W2)})
    parameters = {"W1": W1.astype(np.float32)[None], "W2": W2.astype(np.float32)[None]}
    return function_class.evaluate(parameters, x.astype(np.float32)[None, None])[0, 0, 0]


def test_the_largest_network_of_the_largest_numbers_does_not_overflow():
    dims, width = 15, 2_021
    target = network(np.full(dims, EDGE), np.full((dims, width), EDGE), np.full(width, EDGE))
    assert target == rounded(Fraction(EDGE) ** 3 * dims * width)


def test_sums_that_cancel_leave_the_smallest_number():
    """Partial sums near 2^62 units, of which a float64 would lose the last digits."""
    W1 = np.full((15, 2_021), EDGE)
    W1[:, 0] = [UNIT, *[0.0] * 14]
    W2 = np.repeat([UNIT, EDGE, -EDGE], [1, 1_010, 1_010])
    assert network(np.full(15, EDGE), W1, W2) == np.float32(EDGE * UNIT**2)


def test_a_target_is_rounded_once():
    """2^60 + 2^36 + 1 units lie just above the middle of two float32: a stop at float64 would round down."""
    x = np.array([*[8.0] * 16, UNIT])
    W1 = np.full((17, 258), 8.0)
    W1[16] = 0.0
    W1[:, 257] = [*[0.0] * 16, UNIT]
    W2 = np.repeat([8.0, UNIT, UNIT], [256, 1, 1])
    assert network(x, W1, W2) == np.float32((2**60 + 2**37) * UNIT**3)


@pytest.mark.parametrize("name", ["linear_regression", "sparse_linear_regression", "two_layer_mlp"])
def test_inputs_that_would_not_give_exact_targets_are_refused(name):
    function_class = small(name)
    xs, _, parameters = draw(function_class, 2)
    with raises(InputError, "off-the-grid"):
        function_class.evaluate(parameters, xs + np.float32(1e-5))


def test_a_query_without_its_key_is_refused():
    """An earlier codebase asked for keys that were never shown."""
    function_class = small("vector_mqar")
    xs, _, parameters = draw(function_class, 2)
    xs[1, -1] *= -1
    with raises(InputError, "no-such-key"):
        function_class.evaluate(parameters, xs)


def test_leaves_that_fall_together_are_parted():
    """Equal labels must mean the same leaf. Words of 0 put every leaf on the same grid point."""
    function_class = small("decision_tree")
    raw = np.zeros((1, function_class.words(3)), np.uint64)
    _, parameters = function_class.sample(raw, 3)
    assert (np.diff(parameters["leaves"][0]) == 2.0**-12).all()
