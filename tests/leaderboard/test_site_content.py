"""What pages say is what the data files say, and what models say of themselves stays text."""

import csv
import json
import shlex
from xml.etree import ElementTree

import fabricated
import pytest
from fabricated import HOSTILE, LONG, MARKUP, SUITE
from leaderboard.site_reading import having, text

from icl_bench.leaderboard import formats
from icl_bench.leaderboard.data import BoardData
from icl_bench.leaderboard.links import slugs
from icl_bench.models.reference import PREFIX
from icl_bench.predictor import BASELINE_PREFIX
from icl_bench.records.audit import check_record

pytestmark = pytest.mark.slow

ATOM = "{http://www.w3.org/2005/Atom}"
FRONT, SCORE = "index.html", f"{SUITE}/score.html"
ALIKE = ("linear_regression", "decision_tree")  # whose scores are gains
TAGS = ("<script>alert", "<img src=x")


@pytest.fixture(scope="module")
def data(site_folder) -> BoardData:
    return BoardData.model_validate_json((site_folder / f"data/{SUITE}.json").read_text(encoding="utf-8"))


def test_what_was_made_up_passes_as_records(entries):
    for entry in entries:
        for record in entry.records:
            check_record(record, entry.name)


def test_the_front_page_holds_the_numbers_of_the_data_file(documents, data):
    (table,) = [element for element in documents[FRONT].all("table") if "board" in element.get("class", "")]
    rows = [row for body in table.iter("tbody") for row in body.iter("tr")]
    models = [*data.models, *data.baselines]
    assert len(rows) == len(models) > 15
    roles = {BASELINE_PREFIX + name for task in data.tasks for name in (task.baseline, task.exact)}
    by_name = {model.name: model for model in models}
    order = [row[1].get("data-v") for row in rows]
    assert order[: len(data.models)] == [model.name for model in data.models]
    assert set(order[len(data.models) :][: len(roles) + 1]) == roles | {"baseline/prior_mean"}
    assert sorted(order) == sorted(by_name)
    for row in rows:
        model = by_name[row[1].get("data-v")]
        place, name, mean, graded, *cells = row
        assert_named(name, model)
        assert place.get("data-v") == (model.place and str(model.place.number))
        assert_shown(mean, model.mean)
        assert_shown(graded, model.graded)
        for cell, task in zip(cells, data.tasks, strict=False):
            scores = model.tasks.get(task.name)
            if task.learned_at is None:
                assert_shown(cell, scores and scores.estimates["gain"])
            else:
                assert_learned(cell, scores)
        if model.architecture:
            parameters, _, flops, _, division = cells[len(data.tasks) :]
            assert text(division) == division.get("data-v") == row.get("data-division") == model.division
            assert parameters.get("data-v") == str(model.architecture.parameters)
            assert flops.get("data-v") == str(model.architecture.flops)


def test_the_page_of_scores_holds_the_score_of_the_study(documents, data):
    (table,) = [element for element in documents[SCORE].all("table") if "board" in element.get("class", "")]
    rows = {row[1].get("data-v"): row for body in table.iter("tbody") for row in body.iter("tr")}
    assert len(rows) == len(data.models) + len(data.baselines)
    shown = [rows[model.name] for model in data.models if model.mean_score is not None]
    means = [float(row[2].get("data-v")) for row in rows.values() if row in shown]
    assert means == sorted(means, reverse=True)
    for model in (*data.models, *data.baselines):
        _, _, mean, *cells = rows[model.name]
        assert_shown(mean, model.mean_score)
        differing = [task for task in data.tasks if task.name not in ALIKE]
        for cell, task in zip(cells, differing, strict=False):
            assert_shown(cell, model.tasks[task.name].score if task.name in model.tasks else None)


def test_a_task_whose_scores_are_gains_is_left_out_of_the_page_of_scores(documents):
    """Where the baseline of a task is its exact predictor, and the prior mean is 0."""
    heads, gains = (
        [
            text(cell)
            for table in documents[path].all("table")
            for cell in table.iter("th")
            if cell.get("scope")
        ]
        for path in (SCORE, FRONT)
    )
    for task in ALIKE:
        assert formats.heading(task) not in heads, task
        assert formats.heading(task) in gains
    assert "Sparse linear regression" in heads
    said = "Linear regression, Decision tree: the score is the gain, which the board shows."
    assert said in text(documents[SCORE].root)
    assert said not in text(documents[FRONT].root)


def assert_named(cell, model) -> None:
    """A reference without what all have before their names; then what it is, and what it is made of."""
    marks = {text(chip) for chip in having(cell, "chip")}
    if model.kind == "baseline":
        assert text(having(cell, "of")[0]) == model.name.removeprefix(BASELINE_PREFIX)
        return
    assert text(next(cell.iter("a"))) == model.name.removeprefix(PREFIX)
    assert model.kind in marks
    assert marks & {"self-reported", "re-evaluated", "confirmed"} == {model.state} - {"re-evaluated"}
    assert bool(having(cell, "mark-doubted")) == model.doubted
    if model.architecture is not None:
        (parts,) = having(cell, "parts")
        assert len(parts) == 4
        assert text(parts[-1]).lower() == model.architecture.norm


def assert_learned(cell, scores) -> None:
    """How many runs learned an all-or-nothing task; of a baseline its gain."""
    if scores is None or scores.learned is None:
        assert_shown(cell, scores and scores.estimates["gain"])
    else:
        learned = scores.learned
        assert [text(element) for element in having(cell, "v")] == [f"{learned.learned}/{learned.runs}"]
        assert float(cell.get("data-v")) == learned.learned / learned.runs
        low, high = learned.probability.low, learned.probability.high
        assert f"p {low:.3g} to {high:.3g}" in [text(element) for element in having(cell, "ci")]
        assert float(cell.get("data-gain")) == scores.estimates["gain"].value
        shown = [gain for seeds in having(cell, "seeds") for gain in text(seeds).split()[1:]]
        several = len(scores.seeds) > 1
        assert shown == [formats.score(gain) for gain in scores.seeds.values() if several]


def assert_shown(cell, estimate) -> None:
    """A cell shows a number and its interval, and is sorted by the number in full."""
    if estimate is None or estimate.value is None:
        assert cell.get("data-v") is None
        assert text(cell).startswith("–")
    else:
        assert float(cell.get("data-v")) == estimate.value
        assert [text(element) for element in having(cell, "v")] == [formats.score(estimate.value)]
        interval, *_ = [text(element) for element in having(cell, "ci")]
        assert interval == formats.interval(estimate)


def test_pages_of_models_and_tasks_hold_the_same_numbers(documents, data):
    for model in data.models:
        (page,) = [
            document
            for path, document in documents.items()
            if path.startswith(f"{SUITE}/models/") and text(document.all("h1")[0]) == model.name
        ]
        table = next(iter(page.all("table")))
        for row, task in zip(next(iter(table.iter("tbody"))), data.tasks, strict=True):
            result = model.tasks.get(task.name)
            cells = [cell for cell in row[2:] for _ in range(int(cell.get("colspan", 1)))]
            assert_shown(cells[0], result and result.score)
            assert_shown(cells[1], result and result.optimality)
            assert_shown(cells[2], result and result.estimates["gain"])
            if result and task.name in ALIKE:
                assert row[2].get("colspan") == "3"  # one number for all


def test_a_model_that_lacks_a_task_has_no_mean_and_no_place(data):
    (model,) = [model for model in data.models if model.name == "reference/gpt2-rms"]
    assert (model.mean, model.place, model.graded_place) == (None, None, None)
    assert model.unplaced == "a task is missing, or has no interval"
    assert len(model.tasks) == len(data.tasks) - 1
    assert data.models[-1] == model
    assert {model.runs for model in data.models[1].tasks.values()} == {3}


def test_what_models_say_of_themselves_is_text_wherever_it_stands(documents, site_folder):
    """A name may hold any printable character, and so may what a checkpoint says of its training."""
    for path in (file for file in site_folder.rglob("*") if file.suffix in (".html", ".svg", ".xml", ".js")):
        assert not [tag for tag in TAGS if tag in path.read_text(encoding="utf-8")], path
    hostile_pages = {
        path for path, page in documents.items() if HOSTILE in text(page.root).replace("/ ", "/")
    }
    compared = {path for path in documents if path.startswith((f"{SUITE}/compare/", f"{SUITE}/tasks/"))}
    assert hostile_pages >= {FRONT, "compare.html"} | compared
    assert [path for path, page in documents.items() if MARKUP in text(page.root)]
    values = {
        value for page in documents.values() for element in page.elements for value in element.attrib.values()
    }
    assert HOSTILE in values
    assert not [
        element for page in documents.values() for element in page.all("img") if element.get("src") == "x"
    ]


def test_names_that_differ_in_capitals_alone_have_pages_of_their_own(site_folder, data):
    folder = site_folder / SUITE / "models"
    assert len({path.name.lower() for path in folder.iterdir()}) == len(data.models)
    assert max(len(path.name) for path in folder.iterdir()) < 200


def test_the_feed_has_an_entry_for_each_model_with_every_task(site_folder, data):
    feed = ElementTree.parse(site_folder / "feed.xml").getroot()
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == sum(model.mean is not None for model in data.models)
    names = {model.name: model for model in data.models}
    for entry in entries:
        address, title = entry.findtext(f"{ATOM}id"), entry.findtext(f"{ATOM}title")
        assert (site_folder / address.removeprefix(fabricated.ADDRESS)).is_file()
        name, _, score = title.rpartition(f" on {SUITE}: ")
        assert score.startswith(formats.score(names[name].graded.value))
        date = fabricated.RECORDED.get(f"submissions/{name}", fabricated.DATE)
        assert entry.findtext(f"{ATOM}updated") == f"{date}T00:00:00Z"
    assert any(LONG in entry.findtext(f"{ATOM}title") for entry in entries)


def test_data_files_can_be_read_and_agree(site_folder, data):
    for path in (site_folder / "data").glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    with (site_folder / f"data/{SUITE}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    scores = {(row["model"], row["task"]): float(row["score"]) for row in rows if row["score"]}
    models = [*data.models, *data.baselines]
    expected = {
        (model.name, task): result.score.value for model in models for task, result in model.tasks.items()
    }
    assert scores == expected
    for path in (site_folder / "badges").rglob("*.svg"):
        assert ElementTree.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"


def test_commands_that_are_copied_take_a_name_as_one_word(documents):
    """Whatever it holds, a shell reads it as a name."""
    slug = slugs([HOSTILE])[HOSTILE]
    pages = [documents[f"{SUITE}/{kind}/{slug}.html"] for kind in ("models", "compare")]
    commands = [text(element) for page in pages for element in page.all("pre")]
    words = [shlex.split(command) for command in commands if command.startswith("icl-bench ")]
    assert len(words) > 15
    assert {HOSTILE in line or f"{HOSTILE}@{'a1' * 20}" in line for line in words} == {True}


def test_a_name_is_cited_in_what_latex_can_read(documents):
    cited = " ".join(text(element) for page in documents.values() for element in page.all("pre"))
    assert rf"title = {{{{ana/Quick\_one on {SUITE}}}}}" in cited
    assert r"\&" in cited
