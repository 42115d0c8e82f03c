"""What a pull request is told: its submission is valid, or why it is refused."""

from pathlib import Path

import pytest
from hub_server import HubServer
from local_runner import LocalRunner
from proposals import FOLDER, SUBMISSION, propose, submission

pytestmark = pytest.mark.slow


def test_a_pull_request_with_a_submission_is_valid_and_its_scores_are_shown(
    origin: Path, hub: HubServer, tmp_path: Path
) -> None:
    github = propose(origin, "model", {SUBMISSION: submission(hub)})
    runner = LocalRunner(tmp_path, origin, github, {"HF_ENDPOINT": hub.url})
    checked = runner.run("validate", "check")
    assert checked == {"submission": SUBMISSION}
    runner.run("validate", "advise", {"check": checked})
    summary = (tmp_path / "summary.md").read_text()
    assert "linear_regression" in summary
    assert summary.count("```") == 2


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({SUBMISSION: "schema: 1\nmodel: someone/model\n", "benchmark/icl_bench/errors.py": ""}, "errors.py"),
        ({SUBMISSION: "schema: 1\nmodel: someone/model\n"}, "missing key 'runs'"),
        ({f"{FOLDER}/results/mini-v1-seed-0.json": "{}"}, "take this out"),
        ({SUBMISSION: "model: '\n::set-output name=submission::x\n'\n"}, "::stop-commands::"),
    ],
    ids=["code", "not whole", "results", "commands"],
)
def test_any_other_pull_request_is_refused_with_the_reason(
    origin: Path, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    runner = LocalRunner(tmp_path, origin, propose(origin, "other", files))
    with pytest.raises(AssertionError, match=r"error: \d+ fault"):
        runner.run("validate", "check")
    assert message in runner.log
