"""What the zoo shows beside the references, on made-up records: each sentence follows from the numbers."""

import pytest
from fabricated_record import SUITE, record

from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.findings.zoo import zoo_findings
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.models.shipped import shipped_spec
from icl_bench.specs.result import ModelIdentity
from icl_bench.suites import load_suite

LEFT = {"zoo/rwkv7": 0.01, "zoo/deltanet": 0.2, "zoo/mamba2": 0.5}


def made(name, left):
    """A record of a model of the zoo, with its own spec."""
    if not name.startswith("zoo/"):
        return record(name, left, like=name.partition("/")[2])
    known = record("someone/model", left)
    tasks = {}
    for task, result in known.tasks.items():
        checkpoint = result.checkpoint.model_copy(update={"spec": shipped_spec(name, SUITE, task).to_dict()})
        tasks[task] = result.model_copy(update={"checkpoint": checkpoint})
    identity = ModelIdentity(kind="zoo", id=name, revision=None)
    return known.model_copy(update={"model": identity, "tasks": tasks})


def cut_off(known, gain):
    """The record with every run cut off while it learned, when twice the steps would have added so much."""
    tasks = {}
    for task, result in known.tasks.items():
        training = result.checkpoint.training
        outcome = training["outcome"] | {"converged": False, "doubling_gain": gain}
        checkpoint = result.checkpoint.model_copy(update={"training": training | {"outcome": outcome}})
        tasks[task] = result.model_copy(update={"checkpoint": checkpoint})
    return known.model_copy(update={"tasks": tasks})


def claims(left, gains=()):
    gains = dict(gains)
    records = {name: made(name, share) for name, share in left.items()}
    records |= {name: cut_off(records[name], gain) for name, gain in gains.items()}
    entries = [Entry(name, [known]) for name, known in records.items()]
    board = SuiteBoard(load_suite(SUITE), entries, front=True)
    return {claim.id.removeprefix(f"{SUITE}-"): claim for claim in zoo_findings(board)}


def number(cell):
    return float(cell.replace("−", "-"))


def test_each_task_has_its_best_and_its_least_mixer_beside_the_references():
    claim = claims({"reference/llama": 0.1, **LEFT})["zoo"]
    assert "zoo/rwkv7 has the highest gain of 3 mixers" in claim.sentence
    assert "zoo/mamba2 the lowest" in claim.sentence
    assert "beside reference/llama" in claim.sentence
    assert [row[0] for row in claim.table[1:]] == [*sorted(LEFT), "reference/llama"]


def test_a_mixer_that_learned_nothing_is_not_the_lowest():
    claim = claims({"reference/llama": 0.1, **LEFT, "zoo/linear-attention": 1.0})["zoo"]
    assert "zoo/mamba2 the lowest" in claim.sentence
    assert "but for zoo/linear-attention (0.0) that learned nothing" in claim.sentence
    assert "learned nothing" not in claims({"reference/llama": 0.1, **LEFT})["zoo"].sentence


def test_runs_that_were_cut_off_are_counted_and_what_they_lack_is_told():
    gains = {"zoo/deltanet": 0.02, "zoo/mamba2": 0.125, "reference/llama": 0.3}
    known = claims({"reference/llama": 0.1, **LEFT}, gains)
    tasks = len(load_suite(SUITE).tasks)
    budget = known["zoo-convergence"]
    assert budget.title == "Budget of the zoo: not every run has converged"
    assert f"{tasks} of {3 * tasks} recorded runs of the zoo have converged" in budget.sentence
    assert {row[1:] for row in budget.table[1:]} == {("1 of 3", budget.table[1][2])}
    assert "12.5" in budget.table[1][2]
    recall = known["zoo-recall"]
    assert "2 of the 3 have not converged" in recall.sentence
    assert "would add up to 12.5 points (zoo/mamba2)" in recall.sentence
    added = {row[0]: row[3] for row in recall.table[1:]}
    assert (added["zoo/deltanet"], added["reference/llama"]) == ("2.0", "30.0")
    assert "not converged" not in claims({"reference/llama": 0.1, **LEFT})["zoo-recall"].sentence


def test_few_mixers_and_boards_without_references_say_nothing():
    assert claims(LEFT) == {}
    assert claims({"reference/llama": 0.1, "zoo/rwkv7": 0.1, "zoo/mamba2": 0.2}) == {}


def test_recall_is_held_against_the_size_of_the_state():
    claim = claims({"reference/llama": 0.1, **LEFT, "zoo/differential": 0.01})["zoo-recall"]
    assert "the 3 mixers whose state does not grow" in claim.sentence
    assert "(zoo/mamba2) to" in claim.sentence
    assert "the 1 with one that grows" in claim.sentence
    assert claim.table[0][1] == "State at 33 tokens"  # of the models that answer retrieval: two layers
    states = {row[0]: int(row[1].replace(",", "")) for row in claim.table[1:]}
    assert states["zoo/differential"] == states["reference/llama"] == 2 * 33 * (64 + 64)
    assert states["zoo/rwkv7"] < states["zoo/mamba2"] < states["zoo/deltanet"]
    assert "the size of their state is −0.50" in claim.sentence  # of the ranks 1, 2, 3 and 3, 1, 2


def test_recall_is_held_against_what_reads_the_token_before():
    left = {"zoo/gla": 0.9, "zoo/retention": 0.8, "zoo/rwkv7": 0.1, "zoo/window": 0.3, "zoo/deltanet": 0.2}
    claim = claims({"reference/llama": 0.1, **left, "zoo/hstu": 0.01})["zoo-recall"]
    assert [row[0] for row in claim.table[1:]] == [
        *sorted(left, key=left.__getitem__),
        "zoo/hstu",
        "reference/llama",
    ]
    read = ["token shift", "convolution", "window", *"–" * 4]
    assert [row[-1] for row in claim.table[1:]] == read
    gains = {row[0].removeprefix("zoo/"): row[2] for row in claim.table[1:]}
    read = f"a convolution, a token shift or a window gain from {gains['window']} to {gains['rwkv7']}"
    assert f"the 3 that read the token before by {read}" in claim.sentence
    assert f"and the 2 others from {gains['gla']} to {gains['retention']}" in claim.sentence


def test_recall_of_mixers_that_all_read_the_token_before_compares_none():
    claim = claims({"reference/llama": 0.1, **LEFT})["zoo-recall"]
    assert "others" not in claim.sentence


def test_parity_names_those_that_did_not_learn_it():
    claim = claims({"reference/llama": 0.1, **LEFT})["zoo-parity"]
    assert "1 of 3 mixers" in claim.sentence
    assert "zoo/deltanet and zoo/mamba2 did not" in claim.sentence


@pytest.mark.parametrize(
    "pair", [("gated-deltanet-no-conv", "gated-deltanet"), ("linear-attention", "linear-attention-conv")]
)
def test_the_convolution_is_told_from_pairs_that_differ_in_it_alone(pair):
    without, with_it = (f"zoo/{name}" for name in pair)
    left = {"reference/llama": 0.1, without: 0.9, with_it: 0.1, "zoo/mamba2": 0.5}
    claim = claims(left)["zoo-convolution"]
    assert {row[0] for row in claim.table[1:]} == {with_it}
    assert len(claim.table) == 1 + len(load_suite(SUITE).tasks)
    assert all(number(row[2]) < number(row[3]) for row in claim.table[1:])
    changed, _, unsure = claim.sentence.partition(", and moves ")
    assert "linear regression from" in changed
    assert "vector MQAR from" in unsure  # one run each learned it or not
    assert unsure.endswith(", with too few runs to tell that from chance.")
    assert "linear regression" not in unsure


def test_a_pair_is_one_whose_specs_of_the_same_task_differ_in_the_convolution():
    """Specs of retrieval have fewer layers, and a seed may be recorded on other tasks than the next."""
    names = ("zoo/gated-deltanet-no-conv", "zoo/gated-deltanet")
    without, with_it = (made(name, share) for name, share in zip(names, (0.9, 0.1), strict=True))
    tasks = dict(with_it.tasks)
    retrieval = {"vector_mqar": tasks.pop("vector_mqar")}
    parts = [with_it.model_copy(update={"tasks": part}) for part in (tasks, retrieval)]
    only_retrieval = without.model_copy(update={"tasks": {"vector_mqar": without.tasks["vector_mqar"]}})
    others = [Entry(name, [made(name, 0.3)]) for name in ("reference/llama", "zoo/mamba2", "zoo/gla")]
    entries = [Entry(names[0], [only_retrieval]), Entry(names[1], parts), *others]
    board = SuiteBoard(load_suite(SUITE), entries, front=True)
    (claim,) = [each for each in zoo_findings(board) if each.id == f"{SUITE}-zoo-convolution"]
    assert [row[:2] for row in claim.table[1:]] == [("zoo/gated-deltanet", "vector MQAR")]


def test_a_pair_that_learned_a_task_is_not_told_to_differ_on_it():
    left = {"zoo/gated-deltanet-no-conv": 0.02, "zoo/gated-deltanet": 0.01, "zoo/mamba2": 0.5}
    claim = claims({"reference/llama": 0.1, **left})["zoo-convolution"]
    assert "moves" not in claim.sentence
    alike = claim.sentence.partition("makes no difference that is seen on ")[2]
    assert alike == "linear regression, sparse linear regression, two layer MLP, decision tree and 2 others."


def test_what_a_model_is_made_of_is_that_of_the_first_task_of_the_suite():
    whole = made("zoo/deltanet", 0.1)
    tasks = dict(whole.tasks)
    retrieval = {"vector_mqar": tasks.pop("vector_mqar")}
    records = [whole.model_copy(update={"tasks": part}) for part in (retrieval, tasks)]
    entry = Entry("zoo/deltanet", records)
    assert list(entry.specs) == list(load_suite(SUITE).tasks)
    board = SuiteBoard(load_suite(SUITE), [entry], front=True)
    (model,) = board.data.models
    assert model.architecture.layers == 4
