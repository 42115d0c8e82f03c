"""What stranger's text can reach: no shell line, no log command; and every job and workflow ends."""

import re
import subprocess

import pytest
from workflow_files import NAMES, ROOT, WORKFLOWS, Step, expressions, jobs, steps

SHELL = [step for step in steps() if step.run]
STRANGERS = (
    "submissions diff",
    "submissions validate",
    "submissions fetch",
    "submissions evaluate",
    "submissions record",
    "compare",
)

shell_steps = pytest.mark.parametrize("step", SHELL, ids=str)


@shell_steps
def test_no_expression_stands_in_a_shell_line(step: Step) -> None:
    """Text that GitHub puts into a script is script; in a variable it is text."""
    assert expressions(step.run) == []


@shell_steps
def test_the_shell_can_read_it(step: Step) -> None:
    done = subprocess.run(["bash", "-n"], input=step.run, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_in_a_pipe_is_a_failure(name: str) -> None:
    """`shell: bash`, named, sets pipefail; the shell that GitHub takes unasked does not."""
    assert WORKFLOWS[name]["defaults"] == {"run": {"shell": "bash"}}
    assert [str(step) for step in SHELL if "shell" in step.content] == []


@pytest.mark.parametrize(
    "step", [step for step in SHELL if any(verb in step.run for verb in STRANGERS)], ids=str
)
def test_what_a_submission_makes_us_print_is_no_command(step: Step) -> None:
    """A line of a log like `::add-path::` would be obeyed."""
    first = step.run.splitlines()[0]
    assert first == 'echo "::stop-commands::$(openssl rand -hex 16)"'


def test_what_a_stranger_writes_is_not_read_but_for_file_names() -> None:
    """Titles, branches and messages are nowhere; of an event there are commits and a number."""
    read = {one for name in NAMES for one in expressions(str(WORKFLOWS[name])) if "github.event." in one}
    assert read == {"github.event.before", "github.event.pull_request.number"}
    words = ("head_ref", "title", "body", "message", "label")
    assert [
        one for name in NAMES for one in expressions(str(WORKFLOWS[name])) if any(w in one for w in words)
    ] == []


def test_every_job_ends_by_itself() -> None:
    """GitHub's own limit is six hours. A call has the limits of the jobs that it calls."""
    limits = {
        f"{name}/{job}": content.get("timeout-minutes")
        for name, job, content in jobs()
        if "uses" not in content
    }
    assert [job for job, limit in limits.items() if not (isinstance(limit, int) and 0 < limit < 360)] == []


def test_what_runs_a_submission_ends_before_its_job() -> None:
    for step in SHELL:
        for seconds in re.findall(r"\.github/isolated \S+ (\d+)", step.run):
            limit = WORKFLOWS[step.workflow]["jobs"][step.job]["timeout-minutes"]
            assert int(seconds) < 60 * limit - 600


@pytest.mark.parametrize("name", NAMES)
def test_runs_of_one_thing_wait_for_each_other(name: str) -> None:
    concurrency = WORKFLOWS[name]["concurrency"]
    assert set(concurrency) <= {"group", "cancel-in-progress", "queue"}
    assert concurrency["group"].startswith(name)
    assert concurrency.get("queue", "single") in ("single", "max")


def test_no_result_is_dropped_or_cut_off() -> None:
    """Without `queue: max` a third merge would take the place of the second."""
    for name in ("evaluate", "record"):
        assert WORKFLOWS[name]["concurrency"] == {"group": name, "cancel-in-progress": False, "queue": "max"}
    for name in ("deploy", "release"):
        assert WORKFLOWS[name]["concurrency"]["cancel-in-progress"] is False


def test_a_submission_is_evaluated_in_isolation_only() -> None:
    evaluating = [step for step in SHELL if "submissions evaluate" in step.run]
    assert [str(step) for step in evaluating] == [
        "evaluate/evaluate/Evaluate",
        "validate/advise/Evaluate without a network",
    ]
    for step in evaluating:
        assert re.search(
            r"\.github/isolated results \d+\s+(\\\n\s*)?\.venv/bin/icl-bench submissions evaluate", step.run
        )


def test_isolation_leaves_out_no_limit() -> None:
    script = (ROOT / ".github" / "isolated").read_text(encoding="utf-8")
    for option in (
        "--network none",
        "--read-only",
        "--user 65534:65534",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "memory=${ISOLATED_MEMORY:-8g}",
        '--memory "$memory" --memory-swap "$memory"',
        "--pids-limit 256",
        "--ulimit fsize=",
        'timeout --kill-after=10 "$seconds"',
    ):
        assert option in script
    assert "--privileged" not in script
    assert sorted(re.findall(r"\S+:rw\b", script)) == ['"$PWD/$folder:$PWD/$folder:rw', "/tmp:rw"]


def test_the_job_that_evaluates_hands_over_json_alone() -> None:
    steps_after = WORKFLOWS["evaluate"]["jobs"]["evaluate"]["steps"][-2:]
    assert "-type f -name '*.json'" in steps_after[0]["run"]
    assert steps_after[1]["with"]["path"] == "results/**/*.json"


def test_the_icl_bench_that_judges_a_pull_request_is_not_from_it() -> None:
    for job in WORKFLOWS["validate"]["jobs"].values():
        base, proposed = job["steps"][:2]
        assert (base["with"]["path"], base["with"]["ref"]) == ("base", "${{ github.base_ref }}")
        assert proposed["with"]["path"] == "proposed"
        assert "ref" not in proposed["with"]
        (install,) = [step for step in job["steps"] if step.get("name") == "Install"]
        assert install["working-directory"] == "base"
        for step in job["steps"]:
            assert (
                not re.search(r"(proposed|(?<!\.\./base/))\.venv/bin", step.get("run", ""))
                or step["working-directory"] == "base"
            )
