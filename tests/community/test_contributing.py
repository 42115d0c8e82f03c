"""CONTRIBUTING's examples work: their files are put where it says, and the commands below them are run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from copied_checkout import link_few
from hub_server import HubServer
from models.small import saved, small_model, small_spec

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COPIED = ("benchmark", "tests", "pyproject.toml")  # what the examples write into, and what was compiled of it
LINKED = ("tasks", "leaderboard", "submissions/reference")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))
KINDS = (
    "Add a function class",
    "Add a baseline",
    "Add a block",
    "Add a shift",
    "Add a metric",
    "Add a probe",
    "Add a kind of entry",
)


def files(section: str) -> dict[str, str]:
    """The files that a section shows: the code below each path that ends a line."""
    return dict(
        re.findall(
            r"`([\w./-]+\.(?:py|yaml))`:\n\n```(?:python|yaml)\n(.*?)^```$",
            section,
            flags=re.MULTILINE | re.DOTALL,
        )
    )


def entries(section: str) -> list[tuple[str, str, str]]:
    """The lines that go into a table of the tests: its name, its file, and they."""
    return re.findall(
        r"entry in `(\w+)` of\s`([\w/.]+)`[^`]+```python\n(    .+?\n)```", section, flags=re.DOTALL
    )


def commands(section: str) -> list[str]:
    return re.findall(r"^\$ (.+)$", section, flags=re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout that may be changed."""
    for name in COPIED:
        place, copy = ROOT / name, tmp_path / name
        if place.is_dir():
            shutil.copytree(place, copy, ignore=shutil.ignore_patterns(".*_cache"))
        else:
            shutil.copy(place, copy)
    (tmp_path / "submissions").mkdir()
    for name in LINKED:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def run(command: str, checkout: Path, **variables: str) -> str:
    """What a command prints in the copy; it fails where the command does."""
    beside = f"{Path(sys.executable).parent}/"
    words = [re.sub(r"^\.venv/bin/", beside, word) for word in shlex.split(command)]
    environment = os.environ | {"PYTHONPATH": str(checkout / "benchmark"), "OMP_NUM_THREADS": "1"} | variables
    done = subprocess.run(words, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_model_is_submitted_and_recorded(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """From `submit` to the built site, in the words of the text, with a Hub that has user/model."""
    layers = [{"repeat": 1, "sublayers": small_spec()["layers"][0]["sublayers"][::2]}]
    files = saved(tmp_path_factory.mktemp("model"), small_model(d=5, layers=layers))
    link_few(checkout)
    documented = commands(SECTIONS["Submit a model"])
    assert len(documented) == 6
    with HubServer().running() as hub:
        hub.repo("user/model", files)
        home = str(checkout / "home")
        printed = [
            run(command, checkout, HF_ENDPOINT=hub.url, HF_HOME=home, NO_PROXY="*") for command in documented
        ]
    assert "git" in printed[0]
    assert "valid" in printed[1]
    assert (checkout / "submissions/user__model/results/mini-v1-seed-0.json").is_file()
    assert "user/model" in (checkout / "_site/index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_works(kind: str, checkout: Path) -> None:
    section = SECTIONS[kind]
    for path, content in files(section).items():
        (checkout / path).parent.mkdir(parents=True, exist_ok=True)
        (checkout / path).write_text(content, encoding="utf-8")
    (path,) = (path for path in files(section) if path.endswith(".py"))
    for table, place, entry in entries(section):
        tests = (checkout / place).read_text(encoding="utf-8")
        opening = re.search(rf"^{table}\b.* = {{\n", tests, flags=re.MULTILINE)
        assert opening
        (checkout / place).write_text(
            tests[: opening.end()] + entry + tests[opening.end() :], encoding="utf-8"
        )
    assert commands(section)
    for command in commands(section):
        printed = run(command, checkout)
        assert "pytest" not in command or re.search(r"[1-9]\d* passed|^\.+", printed, flags=re.MULTILINE)
    run(f".venv/bin/ruff check {path}", checkout)
    run(f".venv/bin/ruff format --check {path}", checkout)


def test_what_breaks_a_rule_is_noticed(checkout: Path) -> None:
    """The commands look at the example: with a baseline that reads its own target they fail."""
    section = SECTIONS["Add a baseline"]
    ((path, code),) = files(section).items()
    wrong = code.replace("np.concatenate([np.zeros_like(ys[:, :1]), ys[:, :-1]], axis=1)", "ys")
    assert wrong != code
    (checkout / path).write_text(wrong, encoding="utf-8")
    with pytest.raises(AssertionError, match="reads_its_own_target"):
        run(commands(section)[0], checkout)


def test_every_file_that_it_names_is_there() -> None:
    shown = {path for section in SECTIONS.values() for path in files(section)}
    named = set(re.findall(r"`((?:\.github|benchmark|tests|submissions|suites|tasks)/[\w./-]+)`", TEXT))
    assert shown <= named
    real = {name for name in named - shown if not re.search(r"\b(NAME|OWNER)", name)}
    assert [name for name in sorted(real) if not (ROOT / name).exists()] == []
