"""The files that a submission lists, fetched and checked. The one part of the chain that uses a network.

Sizes and hashes are asked for first, of all runs. Then each run's configs are fetched and held against the
submission (those of a language model by what can be read at all), and only then its weights, whose header is
read before anything else of them. No token is sent, even where one is there: what is on the board can be
fetched by everyone.
"""

from pathlib import Path

from icl_bench.errors import CheckpointError, HubError
from icl_bench.files import whole_folder
from icl_bench.models.checkpoint import check_checkpoint
from icl_bench.models.pinned import Listed, check_listed, fetch_listed
from icl_bench.models.weights import MAX_HEADER_BYTES
from icl_bench.specs.checkpoint import read_config
from icl_bench.specs.checkpoint_files import CONFIG_FILE, WEIGHTS_FILE, place_file
from icl_bench.specs.submission import Run, Submission
from icl_bench.submissions.checkpoints import check_config, check_run
from icl_bench.submissions.distinct_runs import check_weights_differ
from icl_bench.submissions.language_models import check_fetched, fetch_order, listed_sizes
from icl_bench.submissions.submission_folder import SubmissionFolder, run_folder
from icl_bench.suites import load_suite

MAX_BYTES = 4_000_000_000  # of one submission's files together
MAX_CONFIG_BYTES = 200_000
_WIDEST = 4  # bytes of a stored weight


def fetch_submission(entry: SubmissionFolder, into: Path) -> list[Path]:
    """Fetch every run of a submission to a folder of its own in `into`; the folders.

    A run that is there already, with the same files, is kept. HubError or CheckpointError, one line, where a
    file is missing, too large, of another hash, or not of the submission; what was begun is removed. So too
    where two runs are of one training.
    """
    submission = entry.submission
    left = [run for run in submission.runs if not _is_there(submission, run, into)]
    total = sum(check_listed(submission.model, run.revision, listed_files(submission, run)) for run in left)
    if total > MAX_BYTES:
        raise HubError(
            f"the files of {submission.model} are {total / 1e9:.1f} GB and at most {MAX_BYTES / 1e9:.0f} GB "
            "are fetched; submit fewer runs, or store them as float16",
            code="too-large",
        )
    for run in left:
        with whole_folder(run_folder(submission, run, into)) as part:
            _fetch_run(submission, run, part)
    _check_distinct(submission, into)
    return [run_folder(submission, run, into) for run in submission.runs]


def _check_distinct(submission: Submission, into: Path) -> None:
    """CheckpointError where two fetched runs on one suite are of one training."""
    for suite in submission.suites if submission.spec is not None else ():
        runs = submission.runs_of(suite)
        folders = {submission.run_name(run): (run, run_folder(submission, run, into)) for run in runs}
        check_weights_differ(
            {
                name: {place: folder / place_file(place, WEIGHTS_FILE) for place in run.places}
                for name, (run, folder) in folders.items()
            }
        )


def listed_files(submission: Submission, run: Run) -> dict[str, Listed]:
    """The files of a run with their hashes, and how large each may be: weights of checkpoints as large as the
    largest spec's in float32."""
    if submission.spec is None:
        return listed_sizes(run)
    suite = load_suite(submission.suite_of(run))
    sizes = [(task.function_class.d, task.function_class.k) for task in suite.tasks.values()]
    specs = [submission.spec, *submission.specs.values()]
    weights = _WIDEST * max(spec.parameters(*size) for spec in specs for size in sizes) + MAX_HEADER_BYTES
    return {
        name: Listed(digest, MAX_CONFIG_BYTES if Path(name).name == CONFIG_FILE else weights)
        for name, digest in run.files.items()
    }


def _fetch_run(submission: Submission, run: Run, folder: Path) -> None:
    """Fetch a run's files, configs first."""
    if submission.spec is None:
        _fetch_language_model(submission, run, folder)
        return
    files = listed_files(submission, run)
    for name, wanted in sorted(files.items(), key=lambda file: Path(file[0]).name != CONFIG_FILE):
        path = fetch_listed(submission.model, run.revision, name, wanted, folder)
        if path.name == CONFIG_FILE:
            check_config(read_config(path.parent), submission, run, path)
        else:
            check_checkpoint(path.parent)


def _fetch_language_model(submission: Submission, run: Run, folder: Path) -> None:
    """Fetch the config, then what else is small, then weights, looking at what is there after each file."""
    files = listed_sizes(run)
    for name in sorted(files, key=fetch_order):
        fetch_listed(submission.model, run.revision, name, files[name], folder)
        check_fetched(submission, run, folder)


def _is_there(submission: Submission, run: Run, into: Path) -> bool:
    folder = run_folder(submission, run, into)
    try:
        check_run(submission, run, folder)
    except (HubError, CheckpointError):
        return False
    return True
