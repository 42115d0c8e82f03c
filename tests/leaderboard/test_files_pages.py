"""Files for machines hold the board's numbers, are well-formed, and let no name out of its place."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from fabricated import ADDRESS, DATE, HOSTILE, MARKUP, entries
from fabricated_record import record
from site_pages import other_files, small_site

from icl_bench.leaderboard.data import BoardData, PlaceData, RunsData
from icl_bench.leaderboard.entries import Entry
from icl_bench.leaderboard.pages import files, json_files

pytestmark = pytest.mark.slow

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def site():
    return small_site()


@pytest.fixture(scope="module")
def contents(site) -> dict[str, bytes]:
    return other_files(site)


def test_the_json_is_the_board_and_that_of_runs_the_rest(site, contents):
    for board in site.boards:
        content = json.loads(contents[f"data/{board.suite.name}.json"])
        assert list(content)[:2] == ["schema", "suite"]
        assert [model.pop("row")["slug"] for model in content["models"]] == [
            board.slugs[model.name] for model in board.data.models
        ]
        runs = RunsData.model_validate_json(contents[f"data/{board.suite.name}-runs.json"]).runs
        for model in content["models"]:
            for task, scores in model["tasks"].items():
                own = [run for run in runs if (run.model, run.task) == (model["name"], task)]
                scores["training"] = [run.model_dump(exclude={"model", "task"}) for run in own]
        assert BoardData.model_validate(content) == board.data
        assert len(runs) == sum(
            len(scores.training) for model in board.data.models for scores in model.tasks.values()
        )


@pytest.mark.parametrize(("shape", "file"), [("board", "mini-v1"), ("runs", "mini-v1-runs")])
def test_the_schema_asks_for_what_the_json_has(contents, shape, file):
    """Key by key, down to the estimates: every object has the keys of the schema that it has to have, and no
    others."""
    schema = json.loads(contents[f"data/{shape}.schema.json"])
    assert schema["$schema"].startswith("https://json-schema.org/")

    def check(value, rules) -> None:
        rules = schema["$defs"][rules["$ref"].rpartition("/")[2]] if "$ref" in rules else rules
        if "anyOf" in rules:
            choices = [
                choice for choice in rules["anyOf"] if (choice.get("type") == "null") == (value is None)
            ]
            assert choices, f"{value} is none of {rules}"
            if value is not None:
                check(value, choices[0])
        elif isinstance(value, dict) and "properties" in rules:
            assert set(rules["properties"]) >= set(value) >= set(rules.get("required", []))
            assert rules["additionalProperties"] is False
            for key, part in value.items():
                check(part, rules["properties"][key])
        elif isinstance(value, dict):
            for part in value.values():
                check(part, rules["additionalProperties"])
        elif isinstance(value, list):
            for part in value:
                check(part, rules["items"])

    check(json.loads(contents[f"data/{file}.json"]), schema)


def test_the_csv_has_a_row_a_model_and_task_with_the_board_s_numbers(site, contents):
    data = site.boards[0].data
    rows = list(csv.DictReader(io.StringIO(contents["data/mini-v1.csv"].decode())))
    assert list(rows[0]) == list(files.columns(data))
    expected = {
        (model.name, task): model for model in (*data.models, *data.baselines) for task in model.tasks
    }
    assert {(row["model"], row["task"]) for row in rows} == set(expected)
    assert len(rows) == len(expected)
    for row in rows:
        model = expected[row["model"], row["task"]]
        scores = model.tasks[row["task"]]
        for column, number in {
            "score": scores.score.value,
            "low": scores.score.low,
            "high": scores.score.high,
            "optimality": scores.optimality.value,
            "gain": scores.estimates["gain"].value,
            "gain_low": scores.estimates["gain"].low,
            "learned": scores.learned and scores.learned.learned,
            "p_learned_low": scores.learned and scores.learned.probability.low,
            "p_learned_high": scores.learned and scores.learned.probability.high,
            "place": model.place and model.place.number,
            "graded_place": model.graded_place and model.graded_place.number,
            "mean": model.mean and model.mean.value,
            "mean_low": model.mean and model.mean.low,
            "graded": model.graded and model.graded.value,
            "graded_high": model.graded and model.graded.high,
            "mean_score": model.mean_score and model.mean_score.value,
            "runs": scores.runs,
            "prompts": 2048,
        }.items():
            assert (float(row[column]) if row[column] else None) == number, (row["model"], column)
        assert row["kind"] == model.kind
    llama = [row for row in rows if row["model"] == "reference/llama"]
    assert {row["family"] for row in llama} == {"attention"}
    assert {row["place"] for row in llama} == {"1"}
    assert {row["task"] for row in llama if row["learned"]} == {"sparse_parity", "vector_mqar"}
    assert {row["place"] for row in rows if row["model"] != "reference/llama"} == {""}


def test_the_csv_of_runs_has_a_row_a_run_with_what_its_checkpoint_says(site, contents):
    data = site.boards[0].data
    rows = list(csv.DictReader(io.StringIO(contents["data/mini-v1-runs.csv"].decode())))
    assert list(rows[0]) == list(files.run_columns(data))
    runs = [
        (model.name, task, run)
        for model in data.models
        for task, scores in model.tasks.items()
        for run in scores.training
    ]
    assert len(rows) == len(runs) > len(data.models)
    for row, (name, task, run) in zip(rows, runs, strict=True):
        names = [row[column] for column in ("model", "task", "sha256", "trained_on")]
        assert names == [name, task, run.sha256, run.trained_on or ""]
        assert float(row["optimality"]) == run.optimality.value
        assert float(row["error"]) == run.estimates["mean_error"].value
        assert (float(row["gain"]) if row["gain"] else None) == run.gain
        if run.outcome is None:
            assert row["steps"] == row["converged"] == row["steps_to_learn_0.9"] == ""
        else:
            assert (row["steps"], row["ended"], row["converged"]) == ("5000", "budget", "True")
            assert (row["steps_to_learn_0.5"], row["steps_to_learn_0.9"]) == ("1000", "1200")
    assert any(run.outcome for *_, run in runs)


def test_the_csv_has_components_and_costs(site, contents):
    rows = list(csv.DictReader(io.StringIO(contents["data/mini-v1.csv"].decode())))
    known = {model.name: model.architecture for model in site.boards[0].data.models}
    for row in rows:
        architecture = known.get(row["model"])
        if architecture is None:
            assert row["kind"] != "baseline" or row["blocks"] == row["parameters"] == row["norm"] == ""
        else:
            assert (row["blocks"], row["norm"]) == ("+".join(architecture.blocks), architecture.norm)
            assert (int(row["parameters"]), int(row["flops"])) == (
                architecture.parameters,
                architecture.flops,
            )
    assert {row["positions"] for row in rows if row["model"] == "reference/llama"} == {"rope"}


def test_the_csv_of_curves_has_the_errors_of_the_records(site, contents):
    board = site.boards[0]
    rows = list(csv.DictReader(io.StringIO(contents["data/mini-v1-curves.csv"].decode())))
    assert list(rows[0]) == list(files.CURVE_COLUMNS)
    (run,) = board.runs("reference/mamba", "decision_tree")
    mamba = [row for row in rows if (row["model"], row["task"]) == ("reference/mamba", "decision_tree")]
    assert [int(row["context_length"]) for row in mamba] == list(range(run.points))
    assert [float(row["error"]) for row in mamba] == run.error_curves.model
    assert [float(row["low"]) for row in mamba] == run.error_curves.model_low
    exact = [row for row in rows if (row["model"], row["task"]) == ("baseline/tree_bayes", "decision_tree")]
    assert {float(row["excess_risk"]) for row in exact} == {0.0}
    assert {row["low"] for row in exact} == {""}
    assert {
        row["device"] for row in csv.DictReader(io.StringIO(contents["data/mini-v1-runs.csv"].decode()))
    } == {
        "cpu",
        MARKUP,
    }


def test_an_entry_of_the_feed_has_the_date_of_its_records():
    """Where that is known, else the date of all data."""
    site = replace(small_site(), dates={"submissions/reference/llama": "2025-02-03"})
    content = other_files(site)["feed.xml"]
    dates = {
        entry.findtext(f"{ATOM}title").split(" on ")[0]: entry.findtext(f"{ATOM}updated")
        for entry in ElementTree.fromstring(content).findall(f"{ATOM}entry")
    }
    assert dates.pop("reference/llama") == "2025-02-03T00:00:00Z"
    assert set(dates.values()) == {f"{DATE}T00:00:00Z"}


def test_the_feed_is_atom_with_absolute_links_and_an_entry_a_model_with_every_task(site, contents):
    feed = ElementTree.fromstring(contents["feed.xml"])
    assert feed.tag == f"{ATOM}feed"
    for entry in (feed, *feed.findall(f"{ATOM}entry")):
        assert all(entry.findtext(ATOM + tag) for tag in ("id", "title", "updated"))
        assert entry.findtext(f"{ATOM}updated") == f"{DATE}T00:00:00Z"
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    links = [link.get("href") for link in feed.iter(f"{ATOM}link")]
    assert all(link.startswith(ADDRESS) for link in links)
    board = site.boards[0]
    pages = {
        ADDRESS + board.page("models", model.name) for model in board.data.models if model.mean is not None
    }
    assert {entry.find(f"{ATOM}link").get("href") for entry in feed.findall(f"{ATOM}entry")} == pages
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    assert len(ids) == len(set(ids)) == len(pages)
    once = {ADDRESS + board.page("models", model.name) for model in board.data.models if model.one_run}
    warned_pages = {
        entry.findtext(f"{ATOM}id")
        for entry in feed.findall(f"{ATOM}entry")
        if "one training run" in entry.findtext(f"{ATOM}summary")
    }
    assert warned_pages == once & pages
    assert warned_pages not in (set(), pages)
    titles = {entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")}
    llama = next(model for model in board.data.models if model.name == "reference/llama")
    assert f"reference/llama on mini-v1: {100 * llama.graded.value:.1f}, place 1" in titles
    assert sum(", place" in title for title in titles) == 1  # the others have no three runs


def test_a_site_of_unknown_date_has_no_feed():
    assert "feed.xml" not in other_files(small_site(date=None))


def test_each_model_has_a_badge_with_its_numbers(site, contents):
    board = site.boards[0]
    badges = {path for path in contents if path.startswith("badges/")}
    assert badges == {files.badge_path(board, model.name) for model in board.data.models}
    for model in board.data.models:
        svg = ElementTree.fromstring(contents[files.badge_path(board, model.name)])
        texts = [text.text for text in svg.iter() if text.tag.endswith("text")]
        assert texts == ["icl-bench mini-v1", files.badge_value(board.data, model)]


def test_a_badge_tells_mean_and_place_or_how_much_is_there(site):
    board = site.boards[0]
    known = {model.name: model for model in board.data.models}
    part = known["reference/gpt2-rms"]
    assert files.badge_value(board.data, part) == "5 of 6 tasks"
    llama = known["reference/llama"]
    assert files.badge_value(board.data, llama) == f"{100 * llama.graded.value:.1f} · place 1"
    tied = llama.model_copy(update={"graded_place": PlaceData(number=3, shared=True)})
    assert files.badge_value(board.data, tied) == f"{100 * llama.graded.value:.1f} · place 3="
    twice, once = known["ana/quick_one"], known["reference/gpt2"]
    assert files.badge_value(board.data, twice) == f"{100 * twice.graded.value:.1f}"
    assert files.badge_value(board.data, once) == f"{100 * once.graded.value:.1f} §"
    baseline = next(model for model in board.data.baselines if model.mean is not None)
    assert files.badge_value(board.data, baseline) == f"{100 * baseline.graded.value:.1f}"


def test_the_json_says_which_places_are_shared_and_why_a_model_has_none():
    shown = [
        Entry(name, [record(name, share, seed=seed) for seed in range(seeds)])
        for name, share, seeds in (
            ("ana/one", 0.01, 3),
            ("ana/other", 0.01, 3),
            ("ana/far", 0.5, 3),
            ("ana/two", 0.04, 2),
        )
    ]
    site = small_site(shown)
    models = json.loads(json_files.board_json(site, site.boards[0]))["models"]
    by_name = {model["name"]: model for model in models}
    tied, last = {"number": 1, "shared": True}, {"number": 3, "shared": False}
    places = {name: (model["place"], model["graded_place"]) for name, model in by_name.items()}
    assert places == {
        "ana/one": (tied, tied),
        "ana/other": (tied, tied),
        "ana/far": (last, last),
        "ana/two": (None, None),
    }
    assert {name for name, model in by_name.items() if model["unplaced"]} == {"ana/two"}
    assert by_name["ana/two"]["unplaced"] == "a task has fewer than 3 training runs"
    learned = by_name["ana/one"]["tasks"]["sparse_parity"]["learned"]
    assert (learned["learned"], learned["runs"], learned["steps"]) == (3, 3, 1200)
    assert learned["probability"]["value"] == 1
    assert by_name["ana/far"]["tasks"]["sparse_parity"]["learned"]["gain"] is None


def test_a_hostile_name_is_text_and_nothing_else(contents):
    for path, content in contents.items():
        if path.endswith((".xml", ".svg")):
            assert b"<script" not in content, path
            tree = ElementTree.fromstring(content)
            assert not [
                element for element in tree.iter() if element.tag.rpartition("}")[2] in ("script", "img")
            ], path
    feed = ElementTree.fromstring(contents["feed.xml"])
    assert any(HOSTILE in title.text for title in feed.iter(f"{ATOM}title"))
    rows = csv.DictReader(io.StringIO(contents["data/mini-v1.csv"].decode()))
    assert HOSTILE in {row["model"] for row in rows}
    assert all(not set(path) & set("<>&\"'() ") for path in contents)


def test_the_same_results_give_the_same_bytes(contents):
    assert other_files(small_site(entries())) == contents
