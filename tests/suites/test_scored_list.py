"""A suite of one's own whose task scores some points of a prompt alone: locked, scored, audited and shown."""

import json

import numpy as np
import pytest
from leaderboard.site_pages import pages
from raising import raises
from small_suite import InPlace
from typer.testing import CliRunner

import icl_bench
from icl_bench.baselines.base import get_baseline
from icl_bench.cli import app
from icl_bench.errors import InputError, SpecError, SuiteError
from icl_bench.evaluation.fresh import zero_errors
from icl_bench.frozen import freeze as freezing
from icl_bench.leaderboard.entries import local_entries
from icl_bench.leaderboard.pages import models, tasks
from icl_bench.leaderboard.site import Site, SuiteBoard
from icl_bench.probes.base import probes
from icl_bench.ranking.resampled import Contender, sample_task
from icl_bench.records.audit import audit
from icl_bench.resources import SUITES_VARIABLE
from icl_bench.specs.result import ResultRecord, parse_record
from icl_bench.suites import Suite, load_prompts, load_suite
from icl_bench.suites.new import new_suite

TASK, SCORED = "linear_regression", [3, 5, 8]


@pytest.fixture
def listed(tmp_path, monkeypatch) -> Suite:
    monkeypatch.setenv(SUITES_VARIABLE, str(tmp_path / "suites"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(freezing, "worker_pool", lambda workers: InPlace())
    suite = new_suite("listed-v1", tasks=[TASK], changes={"scored": SCORED}, prompts=64)
    freezing.freeze(suite, freezing.needed_baselines(suite, [TASK]))
    return suite


def half(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Half the mean of the targets before each point."""
    before = np.cumsum(ys, axis=1) - ys
    return (before / (2 * np.maximum(1, np.arange(xs.shape[1])))[None, :, None]).astype(np.float32)


def wild_elsewhere(xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """The same at scored points, and 1,000 at the others."""
    answers = half(xs, ys)
    answers[:, [i for i in range(xs.shape[1]) if i not in SCORED]] = 1_000.0
    return answers


def by_hand(suite: Suite, predictor) -> np.ndarray:
    """The errors of a predictor at the scored points, (prompts, scored)."""
    prompts = load_prompts(suite, TASK)
    answers = predictor(np.array(prompts.xs), np.array(prompts.ys))
    return ((answers.astype(float) - prompts.ys) ** 2).mean(axis=2)[:, SCORED]


def evaluated(predictor) -> ResultRecord:
    return icl_bench.evaluate(predictor, "listed")


def test_numbers_are_those_of_the_scored_points(listed):
    result = evaluated(half).tasks[TASK]
    model, zero = by_hand(listed, half), by_hand(listed, lambda xs, ys: np.zeros_like(ys))
    base = by_hand(listed, get_baseline("least_squares", listed.task(TASK)).predict)
    assert result.scored == SCORED
    assert result.prompt_errors == pytest.approx(model.sum(axis=1).tolist(), rel=1e-12)
    assert result.mean_error.value == pytest.approx(model.mean(), rel=1e-12)
    score = (zero.sum() - model.sum()) / (zero.sum() - base.sum())
    assert result.score.value == pytest.approx(score, rel=1e-9)
    assert result.score.low < score < result.score.high
    prompts = load_prompts(listed, TASK)
    assert zero_errors(prompts.targets, listed, TASK) == pytest.approx(zero.sum(axis=1), rel=1e-12)


def test_answers_at_other_points_change_no_number_but_their_errors(listed):
    """Points that fill a prompt do not count, however wrong the answers to them are."""
    plain, wild = (evaluated(predictor).tasks[TASK] for predictor in (half, wild_elsewhere))
    assert wild.estimates == plain.estimates
    assert wild.prompt_errors == plain.prompt_errors
    assert wild.error_curves.model[0] > 1e5 > plain.error_curves.model[0]


def test_a_board_ranks_by_the_same_numbers(listed):
    errors = by_hand(listed, half).sum(axis=1)
    (estimate,) = sample_task(listed, TASK, [Contender("half", {TASK: {0: errors}})])["score"].estimates
    recorded = evaluated(half).tasks[TASK].score
    ends = [(each.value, each.low, each.high) for each in (estimate, recorded)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-9)


def test_the_record_is_read_back_and_audited(listed):
    record = evaluated(half)
    again = parse_record(record.to_json(), "r.json")
    assert again == record
    assert '"scored": [ 3, 5, 8 ]' in record.to_json()
    audit(again, listed, "r.json")
    for scored in ([3, 5], [3, 5, 9], "all"):
        changed = again.tasks[TASK].model_copy(update={"scored": scored})
        with raises(InputError, "other-task-sizes", naming=(f"tasks.{TASK}.scored", scored, SCORED)):
            audit(again.model_copy(update={"tasks": {TASK: changed}}), listed, "r.json")


@pytest.mark.parametrize(
    ("scored", "code"), [([3, 11], "scored-out-of-range"), ([], "nothing-scored"), ([5, 3], "scored-order")]
)
def test_a_record_of_points_that_are_not_there_is_refused(listed, scored, code):
    value = json.loads(evaluated(half).to_json())
    value["tasks"][TASK]["scored"] = scored
    with raises(SpecError, code, naming=f"tasks.{TASK}.scored"):
        parse_record(json.dumps(value), "r.json")


def test_it_is_locked_and_shown(listed, tmp_path):
    folder = str(listed.folder.parent)

    def invoke(*words: str) -> str:
        result = CliRunner().invoke(app, ["--suites", folder, *words])
        assert result.exit_code == 0, result.stderr
        return result.stdout

    invoke("tasks", "verify", "--suite", "listed")
    assert "3, 5 and 8" in invoke("tasks", "list")
    assert "scored          3, 5 and 8\n" in invoke("tasks", "show", f"listed/{TASK}")
    assert json.loads(invoke("tasks", "show", f"listed/{TASK}", "--json"))["scored"] == SCORED
    invoke("tasks", "chart", f"listed/{TASK}", str(tmp_path / "c.svg"))
    assert "(scored: 3, 5 and 8)" in (tmp_path / "c.svg").read_text().replace("\xa0", " ")


def test_pages_say_which_points_are_scored(listed, tmp_path):
    path = tmp_path / "half.json"
    evaluated(half).save(path)
    board = SuiteBoard(listed, local_entries([path], listed, []), True)
    site = Site([board], None, "https://x.example/", None)
    by_path = pages(site, tasks) | pages(site, models)
    shown = {
        place: " ".join("".join(page.itertext()).replace("\xa0", " ").split())
        for place, page in by_path.items()
    }
    assert "scored after 3, 5 and 8 examples" in shown[board.page("tasks", TASK)]
    assert "after 3, 5 and 8 examples" in shown["tasks.html"]
    (model,) = [place for place in shown if "/models/" in f"/{place}"]
    assert "context length (scored: 3, 5 and 8)" in shown[model]
    marked = [part.get("d") for part in by_path[model].iter() if part.get("stroke-dasharray") == "1 3"]
    assert [path.count("M") for path in marked] == [3]


def test_a_notebook_and_a_figure_say_it_too(listed):
    assert "scored: 3, 5 and 8" in evaluated(half)._repr_html_()


def test_a_probe_of_whole_curves_is_not_measured(listed):
    assert not probes()["sample_efficiency"].serves(listed.task(TASK))


def test_the_list_is_in_the_rules_of_the_lock(listed):
    path = listed.folder / f"{TASK}.yaml"
    text = path.read_text()
    assert "- 8" in text
    path.write_text(text.replace("- 8", "- 9"))
    with raises(SuiteError, "rules-changed", naming=path):
        str(load_suite("listed").hash)


def test_the_band_where_one_point_is_scored_is_its_interval(listed):
    suite = new_suite("single-v1", tasks=[TASK], changes={"scored": [5]}, prompts=64)
    record = icl_bench.evaluate(half, "single")
    audit(record, suite, "r.json")
    result = record.tasks[TASK]
    high = [
        value + (10.0 if length == 5 else 0.0) for length, value in enumerate(result.error_curves.model_high)
    ]
    curves = result.error_curves.model_copy(update={"model_high": high})
    forged = record.model_copy(update={"tasks": {TASK: result.model_copy(update={"error_curves": curves})}})
    with raises(SpecError, naming=f"tasks.{TASK}.error_curves.model_high"):
        audit(forged, suite, "r.json")


def test_a_predictor_is_not_called_exact_at_points_that_the_base_does_not_score(listed):
    """The lookup is exact at the query of retrieval, and says nothing of the pairs before it."""
    changes = {"vector_mqar.scored": [3, 16], f"{TASK}.scored": [0, 4]}
    suite = new_suite("other-v1", tasks=[TASK, "vector_mqar"], changes=changes, prompts=64)
    exactness = {name: task.exactness for name, task in suite.tasks.items()}
    assert exactness == {TASK: "exact", "vector_mqar": "best known"}
    same = new_suite("same-v1", tasks=["vector_mqar"], changes={"scored": [16]}, prompts=64)
    assert same.task("vector_mqar").exactness == "exact"
