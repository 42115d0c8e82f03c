"""What a site says is known follows from the records alone, and says how sure it is."""

import re
from statistics import median

import pytest
from leaderboard.designed import designed_entries
from leaderboard.site_reading import SVG, having, read_page, text
from raising import raises
from site_pages import other_files, pages, small_site

from icl_bench.errors import SpecError
from icl_bench.leaderboard.entries import entries_of
from icl_bench.leaderboard.findings import findings, seed_spread
from icl_bench.leaderboard.findings import further_runs as further_runs_module
from icl_bench.leaderboard.findings import learning as learning_module
from icl_bench.leaderboard.findings.further_runs import FurtherRun, further_runs
from icl_bench.leaderboard.findings.learning import Group
from icl_bench.leaderboard.findings.study import parity_in_the_study
from icl_bench.leaderboard.formats import score, signed
from icl_bench.leaderboard.pages import boards, compare, models, tasks, texts
from icl_bench.leaderboard.pages import findings as findings_page
from icl_bench.leaderboard.render import Renderer
from icl_bench.leaderboard.site import SuiteBoard
from icl_bench.ranking import effects as effects_module
from icl_bench.ranking.differences import GRADED
from icl_bench.specs.result import Estimate
from icl_bench.suites import load_suite

pytestmark = pytest.mark.slow

SUITE = "mini-v1"
COLUMNS = "task,model,seed,optimality,to_nine_tenths"  # of further runs


def by_id(site) -> dict:
    """The findings of mini-v1."""
    known = findings(site.boards[0])
    assert len({finding.id for finding in known}) == len(known)
    return {finding.id.removeprefix(f"{SUITE}-"): finding for finding in known}


def test_an_effect_has_the_direction_numbers_and_seeds_of_the_records(rope_harms):
    known = by_id(rope_harms)
    (effect,) = [
        each
        for each in rope_harms.boards[0].effects.effects
        if (each.response, each.kind, each.task, each.term) == ("gain", "effect", GRADED, "RoPE")
    ]
    assert effect.significant
    assert effect.value < -0.02
    rope = known["rope"]
    assert rope.title == "RoPE lowers the mean over graded tasks"
    estimate = Estimate(value=effect.value, low=effect.low, high=effect.high, reason=None)
    assert f"by {signed(estimate)} (" in rope.sentence
    assert "significant after correction (p < 0.001)" in rope.sentence
    assert rope.status == "three seeds"
    assert known["rmsnorm"].status == "not separated"
    assert "not significant" in known["rmsnorm"].sentence


def test_a_change_of_the_data_changes_the_sentences(rope_harms, rope_helps):
    harm, help_ = by_id(rope_harms), by_id(rope_helps)
    assert harm.keys() <= help_.keys() | harm.keys()
    for name in ("leader", "largest-effect", "farthest-from-bayes", "rope", "hybrids"):
        assert harm[name].sentence != help_[name].sentence, name
    assert harm["rope"].title != help_["rope"].title


def test_effects_are_those_of_the_one_module(rope_harms, monkeypatch):
    board = rope_harms.boards[0]
    monkeypatch.setattr(effects_module, "all_records", lambda name, suite: list(board.by_name[name].records))
    assert effects_module.effects("mini") == board.effects


def test_one_run_of_an_all_or_nothing_task_is_not_called_significant(rope_helps):
    """Every model learns or none does; with a run a model nothing is separated on such a task."""
    board = rope_helps.boards[0]
    largest = by_id(rope_helps)["largest-effect"]
    learned = [task.name for task in board.data.tasks if task.learned_at is not None]
    assert all(not each.significant for each in board.effects.effects if each.task in learned)
    if largest.status != "not separated":
        assert not any(task.replace("_", " ") in largest.title for task in learned)


def test_what_no_recorded_run_learns_is_contradicted_by_further_runs(monkeypatch):
    site = small_site(designed_entries({"gpt2": 0.5}, seeds=1))
    board = site.boards[0]
    runs = (
        FurtherRun("sparse_parity", "gpt2", 4, 0.98, 1_700),
        FurtherRun("sparse_parity", "gpt2", 5, 0.01, None),
    )
    monkeypatch.setattr(learning_module, "further_runs", lambda suite: runs)
    (claim,) = learning_module.contradicted(board, "sparse_parity")
    assert claim.status == "contradicted"
    assert "0 of 4" in claim.sentence
    assert "1 of 2 further runs" in claim.sentence
    assert "after 1,700 steps" in claim.sentence
    seen = (FurtherRun("sparse_parity", "gpt2", 0, 0.98, 1_700),)  # a run that is recorded counts once
    monkeypatch.setattr(learning_module, "further_runs", lambda suite: seen)
    assert list(learning_module.contradicted(board, "sparse_parity")) == []


@pytest.mark.parametrize(
    ("task", "learned", "told"),
    [
        ("sparse_parity", 2, True),  # of which the study says that its models cannot
        ("sparse_parity", 8, False),
        ("vector_mqar", 2, False),
    ],
)
def test_what_some_recorded_runs_learn_contradicts_the_study(monkeypatch, task, learned, told):
    board = small_site(designed_entries({"gpt2": 0.5}, seeds=1)).boards[0]
    runs = [FurtherRun(task, "gpt2", 4, 0.98, 1_700), FurtherRun(task, "gpt2", 5, 0.01, None)]
    group = Group(learned, 8, 4, [2_500, 3_600], runs)
    monkeypatch.setattr(learning_module, "_groups", lambda board, task: {"attention, learned": group})
    claims = list(learning_module.contradicted(board, task))
    assert [claim.status for claim in claims] == ["contradicted"] * told
    for claim in claims:
        assert claim.sentence.startswith("2 of 8 recorded runs learn it, and 1 of 2 further runs")
        assert "after 1,700 to 3,600 steps: hard to learn, not impossible. The 2.3" in claim.sentence


def test_steps_are_those_of_the_runs_that_are_counted_as_learned():
    """A run may pass an optimality of 0.9 on development prompts, and end below it on the scored ones."""
    suite = load_suite(SUITE)
    board = SuiteBoard(suite, entries_of(suite, ()), True)
    claim = next(learning_module.learned_runs(board, "sparse_parity"))
    runs = [
        run
        for model in board.data.models
        if model.kind == "reference" and model.architecture.positions == "learned"
        for run in model.tasks["sparse_parity"].training
    ]
    learned = sorted(run.outcome.steps_to_learn["0.9"] for run in runs if run.gain >= 0.9)
    (row,) = [row for row in claim.table if row[0] == "attention, learned positions"]
    assert row[2] == f"{learned[0]:,} to {learned[-1]:,}"
    for model in board.data.models:
        known = model.tasks.get("sparse_parity")
        if known is not None and known.learned is not None and known.learned.learned:
            assert known.learned.steps == round(
                median(run.outcome.steps_to_learn["0.9"] for run in known.training if run.gain >= 0.9)
            )


def test_further_runs_are_those_of_the_file():
    runs = further_runs(SUITE)
    assert len(runs) > 100
    assert {run.task for run in runs} <= set(small_site([]).boards[0].suite.tasks)
    assert any(run.steps_to_learn is None for run in runs)
    assert further_runs("paper-v1") == ()


@pytest.mark.parametrize(
    ("left", "status"), [({"swiglu": 0.2}, "contradicted"), ({"rms": 0.4}, "three seeds")]
)
def test_what_the_study_says_of_the_norm_is_held_against_records(left, status):
    """Its scores of gpt2-rms are far below those of gpt2 on two tasks."""
    site = small_site(designed_entries(left))
    claim = by_id(site)["rmsnorm-in-the-study"]
    assert (
        claim.title == "RMSNorm with learned positions: fails on sparse linear regression and decision tree"
    )
    assert claim.status == status
    rows = {row[0]: row[1:] for row in claim.table[1:]}
    assert [row[:2] for row in rows.values()] == [("53.5", "93.2"), ("11.4", "100.0")]
    models = {model.name: model for model in site.boards[0].data.models}
    ours = [models[f"reference/{name}"].tasks["decision_tree"].score for name in ("gpt2-rms", "gpt2")]
    assert list(rows["decision tree"][2:]) == [score(each.value) for each in ours]


def test_models_that_learn_nothing_answer_the_prior_mean_in_the_study_too():
    assert parity_in_the_study().endswith(
        "The 2.3 that the 2024 study prints for gpt2 and llama is the best answer without the examples too: "
        "at its size that has a score of 2.4."
    )


def test_the_deviation_of_seeds_is_pooled_over_models(monkeypatch):
    entries = designed_entries({}, seeds=1)
    board = small_site(entries).boards[0]
    run = board.data.models[0].tasks["decision_tree"].training[0].outcome.optimality
    runs = tuple(FurtherRun("decision_tree", name, 7, run + 0.02, None) for name in ("gpt2", "gpt2-rms"))
    monkeypatch.setattr(seed_spread, "further_runs", lambda suite: runs)
    (claim,) = seed_spread.other_seeds(board)
    (row,) = claim.table[1:]  # where two seeds of a model are known
    assert row == ("decision tree", "learned positions", "6", "4", row[4], "1.4")  # 0.02 / √2
    assert claim.status == "one seed"
    monkeypatch.setattr(seed_spread, "further_runs", lambda suite: ())
    assert list(seed_spread.other_seeds(board)) == []


def test_findings_have_curves_of_what_they_rest_on(rope_harms):
    tree = pages(rope_harms, findings_page)["findings.html"]
    claims = by_id(rope_harms)
    drawn = {
        claim
        for claim in claims
        for article in tree.iter("article")
        if article.get("aria-labelledby") == f"{SUITE}-{claim}" and list(article.iter(f"{SVG}svg"))
    }
    without = set(claims) - drawn
    assert {"rope", "largest-effect", "hybrids", "rmsnorm-in-the-study", "farthest-from-bayes"} <= drawn
    logs = ("convergence", "vector-mqar", "sparse-parity")  # of which there are none here
    assert {claim for claim in without if not claim.startswith(logs)} == {"leader", "seeds"}


def test_learned_runs_are_counted_by_what_models_are_made_of(rope_harms):
    finding = by_id(rope_harms)["vector-mqar"]
    board = rope_harms.boards[0]
    scores = [model.tasks["vector_mqar"].learned for model in board.data.models]
    total = f"{sum(each.learned for each in scores)} of {sum(each.runs for each in scores)}"
    assert finding.title == f"Vector MQAR: {total} runs learn it"
    assert [row[0] for row in finding.table[1:]] != []


def test_a_suite_shows_only_what_there_is():
    few = small_site([entry for entry in designed_entries({}, seeds=1) if entry.name.endswith("/llama")])
    assert few.boards[0].effects is None
    ids = set(by_id(few))
    assert "farthest-from-bayes" in ids
    assert not ids & {"leader", "largest-effect", "rope", "hybrids"}
    assert findings(few.boards[1]) == []
    tree = pages(few, boards)
    assert having(tree["paper-v1/index.html"], "card") == []
    assert not [each for each in tree["index.html"].iter() if each.get("id") in ("components", "costs")]


def test_every_finding_has_an_anchor_and_its_evidence_is_there(rope_harms):
    trees = pages(rope_harms, findings_page) | pages(rope_harms, boards) | pages(rope_harms, texts)
    curves = next(page for page in tasks.pages(rope_harms) if "/sparse_parity" in page.path)
    rendered = Renderer(rope_harms).render(curves)
    trees[curves.path] = read_page(rendered.content.decode(), curves.path).root
    ids = {path: {each.get("id") for each in tree.iter()} for path, tree in trees.items()}
    promised = {page.path for module in (models, compare, tasks) for page in module.pages(rope_harms)}
    promised |= {"published.html"} | set(other_files(rope_harms))
    known = findings(rope_harms.boards[0])
    assert {finding.id for finding in known} <= ids["findings.html"]
    for link in (link for finding in known for link in finding.evidence):
        path, _, place = link.path.partition("#")
        assert path in ids or path in promised, link
        assert not place or place in ids.get(path, ids[curves.path]), link  # every task has the same places
    for card in having(trees["index.html"], "card"):
        (link,) = card.iter("a")
        path, _, place = link.get("href").partition("#")
        assert place in ids[path]


def test_numbers_of_the_front_page_are_in_its_tables_and_files(rope_harms):
    board = rope_harms.boards[0]
    front = pages(rope_harms, boards)["index.html"]
    charts = {path: content.decode() for path, content in other_files(rope_harms).items()}
    effects = charts[f"data/{SUITE}-effects.csv"].splitlines()
    assert len(effects) == 1 + len(board.effects.effects)
    assert len(charts[f"data/{SUITE}-costs.csv"].splitlines()) == 1 + len(board.data.models)
    rows = [text(row) for row in front.iter("tr")]
    for effect in board.effects.effects:
        if (effect.response, effect.kind) == ("gain", "effect") and " × " not in effect.term:
            estimate = Estimate(value=effect.value, low=effect.low, high=effect.high, reason=None)
            assert any(row.startswith(effect.term) and signed(estimate) in row for row in rows)
    titles = [text(each) for each in front.iter() if str(each.tag).endswith("}desc")]
    assert sum("Mean effects in points" in title for title in titles) == 2
    assert all(re.search(r"\d", title) for title in titles)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "its first line lacks columns"),
        ("task,model\nsparse_parity,gpt2\n", "its first line lacks columns"),
        (
            "task,model,seed,optimality,to_nine_tenths\nsparse_parity,gpt2,3,0.9,900\nsparse_pa",
            "line 3 is not whole",
        ),
        (f"{COLUMNS}\nsparse_parity,gpt2,x,0.9,\n", "'x'"),
    ],
)
def test_a_damaged_file_of_further_runs_is_named(tmp_path, monkeypatch, content, reason):
    file = tmp_path / "reference" / "runs_without_weights.csv"
    file.parent.mkdir()
    file.write_text(content)
    monkeypatch.setattr(further_runs_module, "data_folder", lambda name: tmp_path)
    further_runs_module._every_run.cache_clear()
    try:
        with raises(SpecError, "damaged-runs", naming=(str(file), reason, "restore it from git")):
            further_runs(SUITE)
    finally:
        further_runs_module._every_run.cache_clear()
