"""What stranger's text can reach: no shell line, no log command; and every job and workflow ends."""

import re
import subprocess
from typing import Any

import pytest
from workflow_files import NAMES, ROOT, WORKFLOWS, Step, expressions, jobs, steps

pytestmark = pytest.mark.slow

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
    read = {
        expression
        for name in NAMES
        for expression in expressions(str(WORKFLOWS[name]))
        if "github.event." in expression
    }
    assert read == {"github.event.before", "github.event.pull_request.number"}
    words = ("head_ref", "title", "body", "message", "label")
    assert [
        expression
        for name in NAMES
        for expression in expressions(str(WORKFLOWS[name]))
        if any(w in expression for w in words)
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
    for name in ("evaluate", "record", "deploy"):
        assert WORKFLOWS[name]["concurrency"] == {"group": name, "cancel-in-progress": False, "queue": "max"}
    assert WORKFLOWS["release"]["concurrency"]["cancel-in-progress"] is False


def test_no_push_to_main_cancels_the_tests_of_the_one_before() -> None:
    """A group whose runs may be cancelled keeps one that waits: pushes have a group each."""
    group = WORKFLOWS["ci"]["concurrency"]["group"]
    assert group == "ci-${{ github.event_name == 'pull_request' && github.ref || github.sha }}"


def named(workflow: str, job: str, name: str) -> dict[str, Any]:
    """The step of this name, or of the action of this name."""
    steps = WORKFLOWS[workflow]["jobs"][job]["steps"]
    (step,) = [step for step in steps if name in (step.get("name"), step.get("uses", "").partition("@")[0])]
    return step


def test_a_job_that_is_run_again_hands_its_files_on_again() -> None:
    """Artifacts outlive an attempt. Of two of one name, a deployment would take neither, for good."""
    uploads = [step for step in steps() if step.action == "actions/upload-artifact"]
    assert uploads
    assert [str(step) for step in uploads if step.content["with"].get("overwrite") is not True] == []
    uploaded = named("deploy", "build", "actions/upload-pages-artifact")["with"]["name"]
    assert "${{ github.run_attempt }}" in uploaded
    assert WORKFLOWS["deploy"]["jobs"]["build"]["outputs"] == {"artifact": uploaded}
    deployed = named("deploy", "deploy", "actions/deploy-pages")["with"]["artifact_name"]
    assert deployed == "${{ needs.build.outputs.artifact }}"


def test_the_site_is_built_with_results_before_they_are_handed_on() -> None:
    steps = [step.get("name") for step in WORKFLOWS["record"]["jobs"]["check"]["steps"]]
    order = ["Check again", "Build the site with them", "Hand them on"]
    assert [name for name in steps if name in order] == order


def test_fresh_prompts_are_not_drawn_by_the_commit_of_a_run() -> None:
    """It is another one whenever the workflow is started by hand."""
    scripts = [step.run for step in SHELL if re.search(r"submissions (evaluate|record)", step.run)]
    assert [run for run in scripts if "GITHUB_SHA" in run] == []
    assert [bool(re.search(r'--commit "\$(COMMIT|commit)"', run)) for run in scripts] == [True, True, False]


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
    assert "-type f -name '*.json'" in named("evaluate", "evaluate", "Nothing but JSON leaves")["run"]
    handed_over = named("evaluate", "evaluate", "actions/upload-artifact")
    assert handed_over["with"]["path"] == "results/**/*.json"
    order = WORKFLOWS["evaluate"]["jobs"]["evaluate"]["steps"]
    checked = order.index(named("evaluate", "evaluate", "Nothing but JSON leaves"))
    assert order.index(named("evaluate", "evaluate", "Evaluate")) < checked < order.index(handed_over)


def test_the_icl_bench_that_judges_a_pull_request_is_not_from_it() -> None:
    for job in WORKFLOWS["validate"]["jobs"].values():
        checkouts = [step["with"] for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
        places = {checkout["path"]: checkout.get("ref") for checkout in checkouts}
        assert places == {"base": "${{ github.base_ref }}", "proposed": None}
        (install,) = [step for step in job["steps"] if step.get("name") == "Install"]
        assert install["working-directory"] == "base"
        for step in job["steps"]:
            assert (
                not re.search(r"(proposed|(?<!\.\./base/))\.venv/bin", step.get("run", ""))
                or step["working-directory"] == "base"
            )
