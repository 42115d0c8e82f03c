"""A submission of a tiny model to a tiny suite, its files on a Hub of the test's own, and its records."""

from pathlib import Path

import pytest
from hub_repository import Repo
from hub_server import HubServer
from models.conftest import hub  # noqa: F401
from models.small import files_of
from small_suite import tasks_folder, tiny  # noqa: F401  # fixtures
from submissions.submitted import COMMIT, MODEL, Submitted, run_entry, submission_value, tiny_files, write


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


@pytest.fixture
def fetched(submitted: Submitted, tmp_path) -> Path:
    """The folder that its files were fetched to."""
    submitted.lay_out(tmp_path / "fetched")
    return tmp_path / "fetched"


@pytest.fixture
def records(submitted: Submitted, fetched: Path, tmp_path, evaluated: dict[bytes, dict[str, bytes]]) -> Path:
    """The folder of the records that evaluating it gave, on fresh prompts too."""
    folder, file = tmp_path / "records", (submitted.folder / "submission.yaml").read_bytes()
    if file not in evaluated:
        submitted.evaluate(fetched, folder, COMMIT)
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
