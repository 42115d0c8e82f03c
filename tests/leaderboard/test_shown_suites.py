"""An unfinished suite of one's own keeps no other suite from its board."""

import fabricated
import pytest
from raising import raises
from typer.testing import CliRunner

from icl_bench.cli import app
from icl_bench.errors import InputError, SuiteError
from icl_bench.frozen import errors
from icl_bench.leaderboard import write
from icl_bench.leaderboard.shown_suites import shown_suites
from icl_bench.resources import SUITES_VARIABLE
from icl_bench.suites import suite_names
from icl_bench.suites.new import new_suite


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of suites of one's own with one that has no frozen baselines."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(SUITES_VARIABLE, str(tmp_path / "suites"))
    new_suite("mine-v1", tasks=["linear_regression"], changes={"points": 5}, prompts=16)
    return tmp_path / "suites"


def test_a_suite_without_frozen_baselines_is_left_out_with_a_line_that_says_what_to_do(own, monkeypatch):
    boards = []
    monkeypatch.setattr(write, "write_site", lambda site, folder: boards.extend(site.boards) or len(boards))
    with fabricated.recorded([]):
        result = CliRunner().invoke(app, ["leaderboard", "build", "--out", str(own.parent / "site")])
    assert result.exit_code == 0
    assert result.stderr.count("\n") == 1
    assert (
        "mine-v1 is left out: no errors are frozen for mine-v1/linear_regression yet; "
        "run `icl-bench baselines compute mine-v1`" in result.stderr
    )
    assert sorted(board.suite.name for board in boards) == sorted(
        set(suite_names()) - {"mine-v1", fabricated.ALIKE}
    )


def test_a_suite_with_frozen_baselines_is_shown(own):
    new_suite("whole-v1", tasks=["linear_regression", "sparse_parity"])  # both are those of mini-v1
    suites = [suite.name for suite in shown_suites().suites]
    assert "whole-v1" in suites
    assert "mine-v1" not in suites


def test_a_suite_without_its_lock_or_with_a_damaged_file_is_left_out(own):
    (own / "mine-v1" / "lock.json").unlink()
    assert shown_suites().left_out["mine-v1"].code == "no-lock"
    (own / "mine-v1" / "suite.yaml").write_text("schema: 1\n")
    assert list(shown_suites().left_out) == ["mine-v1"]


def test_a_record_of_a_suite_that_is_left_out_is_refused(own, monkeypatch):
    monkeypatch.setattr(write, "files_by_suite", lambda records: {"mine-v1": list(records)})
    with fabricated.recorded([]), raises(InputError, "not-frozen", naming="mine-v1"):
        write.gather_site(None, None, [own / "record.json"])


def test_a_damaged_suite_of_this_installation_still_ends_the_build(own, monkeypatch):
    monkeypatch.setattr(errors, "_difference", lambda suite, task, baseline, locked: "damaged")
    with raises(SuiteError, "frozen-errors-damaged", naming="restore its files"):
        shown_suites()
