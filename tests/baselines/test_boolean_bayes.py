"""The exact predictors of Boolean functions against brute force: every draw of a tiny prompt, in fractions.

A prompt's parameters and inputs have finitely many values, so the joint probability of a function, a way to
draw inputs and a prompt is added up literally, with p(x | function) written down anew from its definition.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from function_classes.small_classes import draw
from raising import raises

from icl_bench.baselines.base import BASELINES, Baseline, get_baseline
from icl_bench.baselines.boolean_bayes import BooleanBayes
from icl_bench.errors import InputError
from icl_bench.function_classes.base import FunctionClass
from icl_bench.specs.suite import FUNCTION_CLASSES, TaskSpec

D, POINTS = 3, 6
INPUTS = list(product((-1, 1), repeat=D))

Point = tuple[int, ...]
Function = tuple[Fraction, dict[Point, int], list[dict[Point, Fraction]]]  # prior, values, p(x) by place


def planted(share: Fraction, chosen: list[Point]) -> dict[Point, Fraction]:
    """p(x) where a point is uniform over `chosen` with that probability, and over everything else-wise."""
    own = share if chosen else Fraction(0)
    return {x: (1 - own) / len(INPUTS) + (own / len(chosen) if x in chosen else 0) for x in INPUTS}


def literal_sets(absent: Fraction) -> Iterator[tuple[Fraction, Point]]:
    for literals in product((-1, 0, 1), repeat=D):
        kept = sum(literal != 0 for literal in literals)
        yield absent ** (D - kept) * ((1 - absent) / 2) ** kept, literals


def true_at(literals: Point, x: Point) -> bool:
    return all(literal in (0, value) for literal, value in zip(literals, x, strict=True))


def conjunctions() -> Iterator[Function]:
    for prior, literals in literal_sets(Fraction(7, 10)):
        true = [x for x in INPUTS if true_at(literals, x)]
        values = {x: 1 if x in true else -1 for x in INPUTS}
        yield prior, values, [planted(Fraction(3, 10), true)] * POINTS


def disjunctions() -> Iterator[Function]:
    for prior, literals in literal_sets(Fraction(7, 10)):
        false = [x for x in INPUTS if not any(a * b == 1 for a, b in zip(literals, x, strict=True))]
        values = {x: -1 if x in false else 1 for x in INPUTS}
        yield prior, values, [planted(Fraction(3, 10), false)] * POINTS


def taught() -> Iterator[Function]:
    """Its first points are certain."""
    for (prior, values, draws), (_, literals) in zip(
        conjunctions(), literal_sets(Fraction(7, 10)), strict=True
    ):
        first = tuple(literal or -1 for literal in literals)
        sequence = [first, tuple(literal or 1 for literal in literals)]
        for j in range(D):
            if literals[j]:
                sequence.append(tuple(-value if j == k else value for k, value in enumerate(first)))
        certain = [{x: Fraction(x == point) for x in INPUTS} for point in sequence]
        yield prior, values, [*certain, *draws][:POINTS]


def dnfs() -> Iterator[Function]:
    """Two clauses, of which the first or the second is planted."""
    for one, other in product(literal_sets(Fraction(8, 10)), repeat=2):
        values = {x: 1 if true_at(one[1], x) or true_at(other[1], x) else -1 for x in INPUTS}
        for clause in (one[1], other[1]):
            true = [x for x in INPUTS if true_at(clause, x)]
            yield one[0] * other[0] / 2, values, [planted(Fraction(35, 100), true)] * POINTS


def majorities() -> Iterator[Function]:
    for counted in product((0, 1), repeat=D):
        prior = Fraction(3, 10) ** sum(counted) * Fraction(7, 10) ** (D - sum(counted))
        values = {x: 1 if sum(a * b for a, b in zip(counted, x, strict=True)) > 0 else -1 for x in INPUTS}
        yield prior, values, [planted(Fraction(0), [])] * POINTS


def parities(sizes: tuple[int, ...]) -> Iterator[Function]:
    sets = [chosen for size in sizes for chosen in combinations(range(D), size)]
    for chosen in sets:
        values = {x: int(np.prod([x[j] for j in chosen])) for x in INPUTS}
        yield Fraction(1, len(sets)), values, [planted(Fraction(0), [])] * POINTS


FUNCTIONS = {
    "conjunction": (conjunctions, {}),
    "disjunction": (disjunctions, {}),
    "conjunction_taught": (taught, {}),
    "dnf": (dnfs, {"clauses": 2}),
    "majority": (majorities, {}),
    "parity_any": (lambda: parities((0, 1, 2, 3)), {}),
    "parity_2": (lambda: parities((2,)), {}),
}
each = pytest.mark.parametrize("kind", FUNCTIONS)


def function_class(kind: str) -> FunctionClass:
    return FUNCTION_CLASSES.parse({"type": kind, "dims": D, **FUNCTIONS[kind][1]})


def predictor(kind: str) -> Baseline:
    name = "dnf3_bayes" if kind == "dnf" else f"{kind}_bayes"
    return get_baseline(name, task(function_class(kind)))


def task(own: FunctionClass, points: int = POINTS) -> TaskSpec:
    about = {"name": "a_task", "summary": "", "scored": "all", "exact_note": ""}
    return TaskSpec(schema=1, function_class=own, points=points, baseline="zero", exact="zero", **about)


def expected(kind: str, xs: list[Point], ys: list[int], functions: list[Function]) -> list[Fraction]:
    """The posterior mean at every context length; 0 where nothing fits."""
    weights = [prior for prior, _, _ in functions]
    answers = []
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
        weights = [w * draws[i][x] for w, (_, _, draws) in zip(weights, functions, strict=True)]
        total = sum(weights)
        mean = sum(w * values[x] for w, (_, values, _) in zip(weights, functions, strict=True))
        answers.append(mean / total if total else Fraction(0))
        weights = [w * (values[x] == y) for w, (_, values, _) in zip(weights, functions, strict=True)]
    return answers


@each
@pytest.mark.parametrize("own", [True, False], ids=["its prompts", "any prompts"])
def test_every_answer_is_the_posterior_mean(kind, own):
    """Any prompts are of no function of the class after some points; then nothing fits."""
    functions = list(FUNCTIONS[kind][0]())
    xs, ys, _ = draw(function_class(kind), 40, POINTS)
    if not own:
        rng = np.random.default_rng(0)
        xs, ys = (rng.choice(np.float32([-1, 1]), size=array.shape) for array in (xs, ys))
    answers = predictor(kind).predict(xs, ys)
    for prompt in range(len(xs)):
        points = [tuple(int(value) for value in x) for x in xs[prompt]]
        means = expected(kind, points, ys[prompt, :, 0].astype(int).tolist(), functions)
        np.testing.assert_allclose(answers[prompt, :, 0], [float(mean) for mean in means], atol=1e-6)


@each
def test_priors_and_draws_of_inputs_add_up_to_1(kind):
    """What the brute force rests on."""
    functions = list(FUNCTIONS[kind][0]())
    assert sum(prior for prior, _, _ in functions) == 1
    assert all(sum(place.values()) == 1 for _, _, draws in functions for place in draws)


@each
def test_inputs_are_drawn_as_the_predictor_believes(kind):
    """p(x_i | function) against 60,000 simulated prompts, at each place, for the most frequent functions."""
    own = function_class(kind)
    xs, _, parameters = draw(own, 60_000, POINTS)
    numbers = (((xs > 0) << np.arange(D)).sum(axis=2)).astype(int)
    values = own.evaluate(parameters, np.broadcast_to(np.float32(INPUTS), (len(xs), len(INPUTS), D)))
    tables = (values[:, :, 0] > 0) @ 2 ** np.arange(len(INPUTS))
    frequent = np.argsort(np.bincount(tables))[-5:]
    for table in frequent[np.bincount(tables)[frequent] > 0]:
        mine = tables == table
        weight, density = Fraction(0), [dict.fromkeys(INPUTS, Fraction(0)) for _ in range(POINTS)]
        for prior, by_input, draws in FUNCTIONS[kind][0]():
            if sum((by_input[x] > 0) << place for place, x in enumerate(INPUTS)) == table:
                weight += prior
                for place in range(POINTS):
                    for x in INPUTS:
                        density[place][x] += prior * draws[place][x]
        for place in range(POINTS):
            counts = np.bincount(numbers[mine, place], minlength=2**D)
            for x in INPUTS:
                share = float(density[place][x] / weight)
                deviation = (share * (1 - share) * mine.sum()) ** 0.5
                number = sum((value > 0) << j for j, value in enumerate(x))
                assert abs(counts[number] - share * mine.sum()) <= 5 * deviation + 1e-9


def test_dnf_of_three_clauses_has_each_pair_of_clause_and_table_once():
    """Over 2 coordinates: against all 9³ ordered triples."""
    known = BASELINES.entries()["dnf3_bayes"](clauses=3).hypotheses(2)
    pairs = list(zip(known.source.tolist(), known.tables[:, 0].tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    inputs = list(product((-1, 1), repeat=2))
    triples: dict[tuple[int, int], float] = {}
    sets = known.sets[:, 0].tolist()
    literals = [(a, b) for b in (0, 1, -1) for a in (0, 1, -1)]
    shares = [0.1 ** sum(map(abs, own)) * 0.8 ** (2 - sum(map(abs, own))) for own in literals]
    for own, table in zip(literals, sets, strict=True):
        true = [all(a in (0, b) for a, b in zip(own, (x[1], x[0]), strict=True)) for x in inputs]
        assert sum(bit << place for place, bit in enumerate(true)) == table
    for first, second, third in product(range(9), repeat=3):
        key = first, sets[first] | sets[second] | sets[third]
        triples[key] = triples.get(key, 0.0) + shares[first] * shares[second] * shares[third]
    assert dict(zip(pairs, known.prior.tolist(), strict=True)) == pytest.approx(triples)


def test_nearest_answers_what_follows_from_the_labels():
    own = FUNCTION_CLASSES.parse({"type": "nearest", "dims": 4, "labelled": 3})
    xs, ys, _ = draw(own, 200, 9)
    baseline = get_baseline("nearest_bayes", task(own, 9))
    answers = baseline.predict(xs, ys)
    assert not answers[:, :3].any()
    assert np.array_equal(answers[:, 3:], ys[:, 3:])
    wrong = ys.copy()
    wrong[:, 5] *= -1  # no labels of the first points give this one
    assert np.array_equal(baseline.predict(xs, wrong)[:, :6], answers[:, :6])
    assert not baseline.predict(xs, wrong)[:, 6:].any()
    wrong = ys.copy()
    wrong[:, 1] = 0.5
    assert not baseline.predict(xs, wrong).any()


@pytest.mark.parametrize("name", [n for n, e in BASELINES.entries().items() if issubclass(e, BooleanBayes)])
def test_inputs_that_are_no_signs_are_refused(name):
    entry = BASELINES.entries()[name]
    baseline = entry(**({"clauses": 2} if "clauses" in entry.model_fields else {}))
    xs, ys = np.ones((1, 3, 2), np.float32), np.ones((1, 3, 1), np.float32)
    baseline.predict(xs, ys)
    with raises(InputError, "other-prompts", naming=name):
        baseline.predict(0.5 * xs, ys)
    with raises(InputError, "other-prompts", naming=name):
        baseline.predict(xs, ys.repeat(2, axis=2))
    with raises(InputError, "too-many-hypotheses", naming=name):
        baseline.predict(np.ones((1, 3, 20), np.float32), ys)


@each
def test_no_other_class_is_served(kind):
    linear = FUNCTION_CLASSES.parse({"type": "sparse_parity", "dims": 5, "sparsity": 2})
    for name in (predictor(kind).type, "nearest_bayes", "mean_label", "nearest_neighbour"):
        with raises(InputError, "other-task-only", naming=name):
            get_baseline(name, task(linear))


def test_the_nearest_input_is_the_last_of_equals():
    """By hand: (1, 1, 1), (1, −1, −1), (−1, −1, 1) and the query (1, −1, 1), at distances 1, 1, 1."""
    xs = np.float32([[[1, 1, 1], [1, -1, -1], [-1, -1, 1], [1, -1, 1], [1, 1, 1]]])
    ys = np.float32([1, -1, 1, -1, 1]).reshape(1, 5, 1)
    own = task(FUNCTION_CLASSES.parse({"type": "majority", "dims": 3}), 5)
    answers = get_baseline("nearest_neighbour", own).predict(xs, ys).ravel().tolist()
    assert answers == [0, 1, -1, 1, 1]  # the third is at distances 2 and 2, the last at 0 from the first
    means = get_baseline("mean_label", own).predict(xs, ys).ravel().tolist()
    assert means == pytest.approx([0, 1, 0, 1 / 3, 0])


@each
def test_the_prior_mean_is_that_of_y_given_x_at_its_place(kind):
    """x alone says something of the function, and in a taught prompt its place does too."""
    functions = list(FUNCTIONS[kind][0]())
    xs = np.broadcast_to(np.float32(INPUTS)[:, None], (len(INPUTS), POINTS, D))
    stated = function_class(kind).prior_mean(xs)[:, :, 0]
    for row, x in enumerate(INPUTS):
        for place in range(POINTS):
            weights = [prior * draws[place][x] for prior, _, draws in functions]
            signed = sum(w * values[x] for w, (_, values, _) in zip(weights, functions, strict=True))
            assert stated[row, place] == pytest.approx(float(signed / sum(weights)), abs=1e-12)
