"""A submission of a tiny model to a tiny suite, its files on a Hub of the test's own, and its records."""

import shutil
from pathlib import Path

import pytest
from hub_repository import Repo
from hub_server import HubServer
from models.conftest import hub  # noqa: F401
from models.small import files_of
from small_suite import tasks_folder, tiny  # noqa: F401  # fixtures
from submissions.language_models import (
    TEXT_SUITE,
    language_model_files,
    language_model_value,
    lock_text_suite,
)
from submissions.submitted import COMMIT, MODEL, Submitted, run_entry, submission_value, tiny_files, write

from icl_bench.leaderboard import entries
from icl_bench.leaderboard.entries import Entry, recorded_entries
from icl_bench.records import store
from icl_bench.submissions import recorded
from icl_bench.submissions.record import record_submission
from icl_bench.submissions.recorded import installed_submissions
from icl_bench.suites import Suite, catalogue, load_suite


@pytest.fixture(scope="session")
def seed_0(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the run of seed 0, made once."""
    return tiny_files(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="session")
def evaluated() -> dict[bytes, dict[str, bytes]]:
    """By a submission's file, the records that evaluating it gave: it gives every test the same."""
    return {}


@pytest.fixture
def submitted(tiny, tmp_path, seed_0) -> Submitted:  # noqa: F811
    """`submissions/someone__model/submission.yaml`, valid, with two of tiny-v1's tasks, and its files."""
    files = dict(seed_0)
    value = submission_value([run_entry(0, files)])
    folder = write(tmp_path / "submissions", value)
    return Submitted(folder, value, {0: files})


@pytest.fixture(scope="session")
def text_tasks(tasks_folder, tmp_path_factory) -> Path:  # noqa: F811
    """A `tasks` folder with tiny-v1, and tiny-text-v1 that is asked in text."""
    folder = tmp_path_factory.mktemp("text") / "tasks"
    shutil.copytree(tasks_folder, folder)
    lock_text_suite(folder)
    return folder


@pytest.fixture
def text_suite(text_tasks: Path, monkeypatch) -> Suite:
    """tiny-text-v1, known to `load_suite` while the test runs."""
    monkeypatch.setattr(catalogue, "data_folder", lambda name: text_tasks)
    monkeypatch.setenv("HF_HOME", str(text_tasks.parent / "cache"))
    return load_suite(TEXT_SUITE)


@pytest.fixture(scope="session")
def text_files(tmp_path_factory) -> dict[str, bytes]:
    """The files of a random language model, made once."""
    return language_model_files(tmp_path_factory.mktemp("language_model"))


@pytest.fixture
def text_submitted(text_suite, tmp_path, text_files) -> Submitted:
    """`submissions/someone__model/submission.yaml` of the language model, valid, and its files."""
    value = language_model_value(text_files)
    return Submitted(write(tmp_path / "submissions", value), value, {0: dict(text_files)})


@pytest.fixture
def text_records(text_submitted: Submitted, tmp_path, evaluated: dict[bytes, dict[str, bytes]]) -> Path:
    """The folder of the records that evaluating it gave, on fresh prompts too."""
    text_submitted.lay_out(tmp_path / "fetched")
    return records_of(text_submitted, tmp_path, evaluated)


@pytest.fixture
def text_entry(text_submitted, text_records, text_suite, tmp_path, monkeypatch) -> Entry:
    """It as it stands on the board."""
    for module in (store, recorded):
        monkeypatch.setattr(module, "data_folder", lambda name: tmp_path / name)
    monkeypatch.setattr(entries, "suite_models", lambda suite: [])
    record_submission(text_submitted.entry, text_records, COMMIT)
    (entry,) = recorded_entries(text_suite, installed_submissions())
    return entry


@pytest.fixture
def fetched(submitted: Submitted, tmp_path) -> Path:
    """The folder that its files were fetched to."""
    submitted.lay_out(tmp_path / "fetched")
    return tmp_path / "fetched"


@pytest.fixture
def records(submitted: Submitted, fetched: Path, tmp_path, evaluated: dict[bytes, dict[str, bytes]]) -> Path:
    """The folder of the records that evaluating it gave, on fresh prompts too."""
    return records_of(submitted, tmp_path, evaluated)


def records_of(submitted: Submitted, root: Path, evaluated: dict[bytes, dict[str, bytes]]) -> Path:
    """The records of a submission whose files are in `fetched`, made once for all tests."""
    folder, file = root / "records", (submitted.folder / "submission.yaml").read_bytes()
    if file not in evaluated:
        submitted.evaluate(root / "fetched", folder, COMMIT)
        evaluated[file] = files_of(folder)
        return folder
    folder.mkdir()
    for name, content in evaluated[file].items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def served(submitted: Submitted, hub: HubServer) -> HubServer:  # noqa: F811
    """A Hub that has the files; the submission names their commit."""
    repo = hub.repo(MODEL, submitted.files[0])
    submitted.change(lambda value: value["runs"][0].update(revision=repo.refs["main"]))
    return hub


@pytest.fixture
def repo(hub: HubServer, seed_0) -> Repo:  # noqa: F811
    """The model on the Hub, of seed 0."""
    return hub.repo(MODEL, dict(seed_0))


@pytest.fixture
def in_tiny_folder(tiny, tmp_path, monkeypatch) -> None:  # noqa: F811
    """Work in a folder of the test's own, with the tiny suite."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def file(tmp_path) -> Path:
    """The file that `icl-bench submit` writes there."""
    return tmp_path / "submissions/someone__model/submission.yaml"
