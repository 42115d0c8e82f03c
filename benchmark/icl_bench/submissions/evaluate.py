"""Evaluating a submission's fetched files: each run in a process with limits, records alone come out."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from icl_bench.errors import CheckError, InputError
from icl_bench.evaluation.fresh import parse_fresh_record
from icl_bench.files import check_file_place, write_text
from icl_bench.records.record_files import record_file
from icl_bench.resources import hf_home
from icl_bench.specs.result import parse_record
from icl_bench.specs.submission import Run
from icl_bench.submissions.limits import Limits
from icl_bench.submissions.submission_folder import SubmissionFolder, run_folder

# What the child may know of its surroundings: no tokens, no settings of the Hub.
_ENVIRONMENT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV"),
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "LD_LIBRARY_PATH"),
    *("SYSTEMROOT", "USERPROFILE", "TEMP", "TMP"),
)


def evaluate_submission(
    entry: SubmissionFolder,
    fetched: Path,
    out: Path,
    commit: str | None = None,
    limits: Limits | None = None,
) -> list[Path]:
    """Evaluate every run and write its record to `out`, with a commit those on fresh prompts too; the files.

    Nothing is written where one run fails. CheckError where a model breaks a rule of the benchmark or takes
    more than its limits; HubError or CheckpointError where the files are not those that are listed.
    """
    files: dict[Path, str] = {}
    for run in entry.submission.runs:
        name = entry.submission.run_name(run)
        check_file_place(out / record_file(name))
        answer = _evaluated(entry, run, fetched, commit, limits or Limits())
        files[out / record_file(name)] = parse_record(answer["record"], name).to_json()
        if commit is not None:
            fresh = parse_fresh_record(answer["fresh"].encode(), f"{name}, fresh")
            files[out / record_file(name, fresh=True)] = fresh.to_json()
    for path, text in files.items():
        write_text(path, text)
    return list(files)


def _evaluated(
    entry: SubmissionFolder, run: Run, fetched: Path, commit: str | None, limits: Limits
) -> dict[str, Any]:
    """What the process found; CheckError or InputError, in its words, where it found a fault."""
    name = entry.submission.run_name(run)
    wanted = {
        "path": str(entry.path),
        "run": name,
        "folder": str(run_folder(entry.submission, run, fetched)),
        "commit": commit,
        "language_model": entry.submission.spec is None,
    }
    with tempfile.TemporaryFile() as output:
        code = _run(wanted, limits, output)
        output.seek(0)
        try:
            answer: dict[str, Any] = json.load(output) if code == 0 else {}
        except ValueError:
            code = 1
    if code != 0:
        raise CheckError(f"{name}: {_ending(code, limits)}", code="no-result")
    if "error" in answer:
        error = CheckError if answer["exit_code"] == CheckError.exit_code else InputError
        raise error(f"{name}: {answer['error']}", code=answer["code"])
    return answer


def _run(wanted: dict[str, Any], limits: Limits, output: IO[bytes]) -> int | None:
    """Run the process to its end or to that of its time; its exit code, None for a timeout.

    Its standard input is a pipe whose other end this process alone holds: it ends with this process.
    """
    command = [sys.executable, "-P", "-m", "icl_bench.submissions.sandboxed"]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    process = subprocess.Popen(
        [*command, limits.as_text(), json.dumps(wanted)],
        stdin=subprocess.PIPE,
        stdout=output,
        env=environment | {"HF_HOME": str(hf_home()), "HF_HUB_OFFLINE": "1"},
        start_new_session=True,
    )
    try:
        return process.wait(limits.seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def _ending(code: int | None, limits: Limits) -> str:
    """Why a process ended without an answer, and what to do."""
    smaller = "submit a smaller model"
    if code is None:
        return f"not done after {limits.seconds:,} s, which is its limit; {smaller}"
    if code == -signal.SIGXCPU:
        return f"not done after {limits.cpu_seconds:,} s of processor time, which is its limit; {smaller}"
    if code < 0:
        name = signal.Signals(-code).name
        memory = f"{limits.memory / 2**30:.1f} GiB"
        return f"killed by {name}, probably out of memory (limit {memory}); {smaller}"
    return f"ended with code {code} and no answer; evaluate it with `icl-bench evaluate` to see why"
