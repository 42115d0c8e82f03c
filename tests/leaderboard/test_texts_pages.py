"""The explaining pages agree with the code: constants, commands, links, the citation."""

import re
import runpy
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml
from leaderboard.site_reading import text
from site_pages import other_files, pages, small_site
from typer.main import get_command

from icl_bench.cli import app
from icl_bench.evaluation.rules import CHECKS
from icl_bench.leaderboard import formats
from icl_bench.leaderboard.pages import boards, changelog, data_files, files, permanent, published
from icl_bench.leaderboard.pages import texts as module
from icl_bench.leaderboard.render import Renderer
from icl_bench.models.shipped import bare_name
from icl_bench.scoring.scores import bootstrap_key
from icl_bench.specs.architecture import parse_architecture

ROOT = Path(__file__).resolve().parents[2]
ANCHORS = {
    *("score", "optimality", "intervals", "seeds", "learned", "mean", "places", "orders", "resolvable"),
    *("compare", "divisions", "states", "checks", "frozen", "training"),
}


@pytest.fixture(scope="module")
def site():
    return small_site()


@pytest.fixture(scope="module")
def trees(site):
    return pages(site, module) | pages(site, data_files) | pages(site, changelog)


def commands(trees) -> list[str]:
    """Every shown line that calls icl-bench."""
    blocks = [
        "".join(element.itertext())
        for tree in trees.values()
        for element in tree.iter("pre")
        if element.get("class") == "command"
    ]
    return [line for block in blocks for line in block.splitlines() if line.startswith("icl-bench ")]


def test_each_page_has_one_heading_of_the_first_order_and_ids_of_its_own(trees):
    assert set(trees) == {"method.html", "submit.html", "data.html", "changelog.html"}
    for path, tree in trees.items():
        assert len(list(tree.iter("h1"))) == 1, path
        ids = [element.get("id") for element in tree.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), path


def test_links_lead_to_files_of_the_site_and_to_places_on_its_pages(site, trees):
    """Pages of other modules are promised by `base.html`."""
    own = trees | pages(site, published)
    promised = {"tasks.html", "compare.html", "findings.html", *(file.path for file in boards.pages(site))}
    promised |= {page.path for page in permanent.pages(site)}
    promised |= set(other_files(site)) | {file.path for file in Renderer(site).assets()}
    promised |= {board.page("models", model.name) for board in site.boards for model in board.data.models}
    for path, tree in own.items():
        for element in tree.iter():
            link = element.get("href") or element.get("src")
            if link is None or link.startswith("https://"):
                continue
            target, _, place = link.partition("#")
            assert (target or path) in promised | set(own), f"{path}: {link}"
            if place and (target or path) in own:
                ids = {other.get("id") for other in own[target or path].iter()}
                assert place in ids, f"{path}: {link}"


def test_the_method_has_the_places_that_other_pages_link_to(trees):
    assert {element.get("id") for element in trees["method.html"].iter()} >= ANCHORS


def test_the_method_begins_with_ten_lines_and_folds_how_bits_are_drawn(trees):
    (body,) = trees["method.html"].iter("main")
    lists = list(body.iter("ol"))
    assert [len(each) for each in lists] == [10]
    elements = list(body.iter())
    assert elements.index(lists[0]) < min(map(elements.index, body.iter("h2")))
    folds = " ".join(text(fold) for fold in body.iter("details"))
    for word in ("Philox", "SHA-256 of every array", "little-endian", "2−13"):
        assert text(body).count(word) == folds.count(word) > 0, word


def test_the_method_says_what_each_check_means(trees):
    terms = {"".join(element.itertext()) for element in trees["method.html"].iter("dt")}
    assert set(CHECKS) <= terms
    meanings = ["".join(element.itertext()) for element in trees["method.html"].iter("dd")]
    assert all(meanings)


def test_the_method_shows_the_order_of_models_by_other_means_than_that_of_the_board(site, trees):
    (table,) = [element for element in trees["method.html"].iter("table") if element.get("class") == "orders"]
    head, *rows = ([text(cell) for cell in row] for row in table.iter("tr"))
    by_choice = {name: [row[column] for row in rows] for column, name in enumerate(head)}
    suite = site.boards[0].suite
    assert [f"without {formats.spaced(task)}" for task in suite.tasks] == head[5:11]
    complete = [model.name for model in site.boards[0].data.models if model.mean is not None]
    assert by_choice["Model"] == [*complete, "Kendall’s τ"]
    assert by_choice["mean over tasks"] == [*map(str, range(1, len(complete) + 1)), "1.00"]
    graded = [model.graded.value for model in site.boards[0].data.models if model.mean is not None]
    positions = [str(1 + sum(other > value for other in graded)) for value in graded]
    assert by_choice["mean over graded tasks"][:-1] == positions
    assert by_choice["seed 2"][:-1].count("–") == len(complete) - 1  # reference/llama has it
    assert "paper-v1 has no two models with every task yet." in text(trees["method.html"])


def test_the_method_names_the_stream_of_resamples_and_the_locks(site, trees):
    method_text = text(trees["method.html"])
    assert bootstrap_key("mini-v1/linear_regression") in method_text
    for board in site.boards:
        assert board.data.lock_hash in method_text


def test_resamples_are_drawn_as_the_method_says():
    """Its words, as a program: SHA-256, Philox 4x64-10, blocks of 4 words, ⌊u n / 2^64⌋."""
    import hashlib

    from icl_bench.scoring.scores import resampled_sums

    key, n, r = bootstrap_key("mini-v1/linear_regression"), 10, 7
    errors = np.arange(1.0, n + 1)[:, None]
    b = -(-n // 4)
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "little")
    words = np.random.Philox(key=seed, counter=r * b - 1).random_raw(4 * b)[:n]
    drawn = [int(u) * n >> 64 for u in words]
    assert resampled_sums(errors, 20, key)[r, 0] == errors[drawn].sum()


def test_every_shown_command_is_one_with_its_options(trees):
    """A verb or an option that goes must go from the pages too."""
    shown = commands(trees)
    assert len(shown) >= 8
    for line in shown:
        words, command = shlex.split(line)[1:], get_command(app)
        while hasattr(command, "commands"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        known = {name for param in command.params for name in param.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_the_shown_spec_is_one(trees):
    blocks = ["".join(element.itertext()) for element in trees["submit.html"].iter("pre")]
    spec = next(block for block in blocks if block.startswith("schema: 1"))
    assert parse_architecture(yaml.safe_load(spec), "submit.html").name == bare_name(module.EXAMPLE)


def test_the_shown_python_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "shown.py").write_text(module.PYTHON)
    monkeypatch.chdir(tmp_path)
    runpy.run_path("shown.py")
    assert "linear_regression" in capsys.readouterr().out
    assert (tmp_path / "always_zero.json").is_file()


def test_the_citation_is_that_of_the_repository(site, trees):
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    entry = data_files.bibtex(site)
    assert (cff["title"], cff["license"]) == (data_files.TITLE, data_files.LICENCE)
    assert data_files.AUTHORS in [author["name"] for author in cff["authors"]]
    assert f"version = {{{cff['version']}}}" in entry
    assert entry.count("{") == entry.count("}")
    assert f"author = {{{{{data_files.AUTHORS}}}}}" in entry  # in two pairs of braces: one name, not three
    assert re.sub(r"\s+", " ", entry) in text(trees["data.html"])


def test_each_data_file_is_listed_with_its_size(site, trees):
    data_text = text(trees["data.html"])
    for file in files.data_files(site):
        assert file.later.path in data_text
        assert f"{len(file.later.file().content):,}" in data_text


def test_a_site_without_models_says_so(site):
    tree = pages(small_site(()), data_files)["data.html"]
    assert "no models on the boards yet" in text(tree)
