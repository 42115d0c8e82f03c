"""README says what the tool does: its example runs, and its tables are what the commands print."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import icl_bench

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TASKS = (ROOT / "tasks" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README + TASKS, flags=re.MULTILINE | re.DOTALL)
LONGEST_EXAMPLE = 30  # lines
LONGEST = 200  # lines: a newcomer reads it to the end
LARGEST_PICTURE = 150_000  # bytes: every version of it is in the history
NUMBER = re.compile(r"-?\d+\.\d+")


def shown(command: str) -> str:
    """What README shows below `$ command`."""
    for _, block in BLOCKS:
        first, _, rest = block.partition("\n")
        if first.split("#")[0].strip() == f"$ {command}":
            return rest.strip()
    pytest.fail(f"README shows nothing for {command}")


def printed(*arguments: str, cwd: Path) -> str:
    command = [str(Path(sys.executable).parent / "icl-bench"), *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def lines_and_numbers(table: str) -> tuple[list[str], list[float]]:
    """The table without its numbers and bars, and its numbers; the last column, seconds, is left out."""
    rows = [re.sub(r"\s+[\d.]+$", "", line) for line in table.splitlines() if "record:" not in line]
    words = [re.sub(r"[\s█▏▎▍▌▋▊▉-]+", " ", NUMBER.sub("#", row)).strip() for row in rows]
    return words, [float(number) for row in rows for number in NUMBER.findall(row)]


def test_a_network_of_ones_own_is_on_a_local_board(tmp_path: Path) -> None:
    """The example, but for its number of steps, then the command that its comment names."""
    (example,) = [block for language, block in BLOCKS if language == "python"]
    assert len(example.splitlines()) <= LONGEST_EXAMPLE
    short = example.replace("progress=True", "steps=20")
    assert short != example
    subprocess.run([sys.executable, "-c", short], cwd=tmp_path, check=True, capture_output=True)
    (command,) = re.findall(r"# then: icl-bench (.*)", example)
    (row,) = [line for line in printed(*command.split(), cwd=tmp_path).splitlines() if " gru " in line]
    gain = icl_bench.load_record(tmp_path / "gru.json").tasks["linear_regression"].estimates["gain"].value
    assert row.split()[:6] == ["-", "gru", "+", "-", "-", f"{gain:z.2f}"]


def test_the_task_table_is_what_the_command_prints(tmp_path: Path) -> None:
    assert shown(".venv/bin/icl-bench tasks list") == printed("tasks", "list", cwd=tmp_path)


def test_the_spec_is_a_shipped_one() -> None:
    (spec,) = [block for language, block in BLOCKS if language == "yaml"]
    specs = ROOT / "submissions" / "reference" / "specs" / "mini-v1"
    assert spec in [path.read_text(encoding="utf-8") for path in specs.glob("*.yaml")]


def test_the_result_table_is_what_the_demo_prints(tmp_path: Path) -> None:
    """Another processor may round the last digit otherwise; nothing else may differ."""
    record = str(tmp_path / "record.json")
    words, numbers = lines_and_numbers(
        printed("evaluate", "reference/gpt2", "--suite", "mini", "--output", record, cwd=tmp_path)
    )
    shown_words, shown_numbers = lines_and_numbers(shown("make demo"))
    assert words == shown_words
    assert numbers == pytest.approx(shown_numbers, rel=2e-3, abs=2e-3)


def test_the_comparison_is_what_the_command_prints(tmp_path: Path) -> None:
    arguments = ("compare", "reference/gpt2", "baseline/ridge")
    words, numbers = lines_and_numbers(printed(*arguments, cwd=tmp_path))
    shown_words, shown_numbers = lines_and_numbers(shown(f".venv/bin/icl-bench {' '.join(arguments)}"))
    assert words == shown_words
    assert numbers == pytest.approx(shown_numbers, rel=2e-3, abs=2e-3)


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST


def test_its_pictures_are_there_in_both_schemes_with_words_and_are_small() -> None:
    pictures = re.findall(r"<picture>.*?</picture>", README, flags=re.DOTALL)
    assert len(pictures) == 4
    for picture in pictures:
        (light,), (dark,) = (re.findall(f'{name}="([^"]+)"', picture) for name in ("src", "srcset"))
        assert dark == light.replace("-light.png", "-dark.png") != light
        assert re.search(r'alt="[^"]{20,}"', picture)
        for name in (light, dark):
            assert (ROOT / name).stat().st_size < LARGEST_PICTURE, name


def test_every_file_that_it_names_is_there() -> None:
    links = re.findall(r"\]\((?!http|#)([^)]+)\)", README)
    assert all((ROOT / "tasks" / name).exists() for name in re.findall(r"\]\((?!http|#)([^)]+)\)", TASKS))
    folders = re.findall(r"`((?:tasks|submissions|benchmark|leaderboard)/[\w/]*)`", README)
    assert links
    assert [name for name in links + folders if not (ROOT / name).exists()] == []
