"""Prompts come from the cache, held against the lock at every load; a bad cache is written again."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from raising import raises

from icl_bench.errors import StorageError, SuiteError, UnknownNameError
from icl_bench.suites import cache as cache_module
from icl_bench.suites import generate, load_prompts, load_suite
from icl_bench.suites import prompts as prompts_module
from icl_bench.suites.cache import read_arrow, write_arrow
from icl_bench.suites.prompts import cache_path

pytestmark = pytest.mark.slow

TASK = "vector_mqar"


def expected(suite) -> tuple[bytes, bytes]:
    xs, ys, _ = generate(suite.tasks[TASK], suite.name, "eval", 0, suite.spec.prompts)
    return xs.tobytes(), ys.tobytes()


def loaded(suite) -> tuple[bytes, bytes]:
    prompts = load_prompts(suite, TASK)
    return prompts.xs.tobytes(), prompts.ys.tobytes()


def no_generating(monkeypatch) -> None:
    def refuse(*arguments):
        raise AssertionError("generated, though the cache was good")

    monkeypatch.setattr(prompts_module, "frozen", refuse)


def run(code: str, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


LOAD = (
    "from icl_bench.suites import load_prompts, load_suite; load_prompts(load_suite('mini'), 'vector_mqar')"
)


def test_the_cache_holds_what_the_generator_makes(tiny, cache, monkeypatch):
    assert loaded(tiny) == expected(tiny)
    assert (cache / f"tiny-v1-{tiny.arrays_hash[:12]}" / f"{TASK}.arrow").is_file()
    no_generating(monkeypatch)
    assert loaded(tiny) == expected(tiny)


def test_prompts_are_mapped_and_read_only(tiny):
    prompts = load_prompts(tiny, TASK)
    for array in (prompts.xs, prompts.ys):
        assert array.dtype == np.float32
        assert not array.flags.owndata
        assert not array.flags.writeable
    assert prompts.task is tiny.tasks[TASK]
    assert prompts.xs.shape == (40, prompts.task.points, prompts.task.function_class.d)


def test_the_cache_is_an_ordinary_dataset(tiny):
    """Anyone can open it with `datasets`, and the features state the shapes."""
    from datasets import Dataset

    prompts = load_prompts(tiny, TASK)
    dataset = Dataset.from_file(str(cache_path(tiny, TASK))).with_format("numpy")
    assert dataset.num_rows == 40
    assert np.array_equal(dataset[3]["xs"], prompts.xs[3])
    assert np.array_equal(dataset[3]["ys"], prompts.ys[3])


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5_000])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def spoil_header(path: Path) -> None:
    """Arrow would end the process over some of these."""
    data = bytearray(path.read_bytes())
    data[8:1500:7] = b"\xff" * len(data[8:1500:7])
    path.write_bytes(data)


def remove(path: Path) -> None:
    path.unlink()


def remove_sum(path: Path) -> None:
    path.with_suffix(".sha256").unlink()


def other_prompts(path: Path) -> None:
    """A whole and valid file, of the wrong numbers."""
    arrays = read_arrow(path, ["xs", "ys"])
    write_arrow(path, arrays | {"ys": -arrays["ys"]})


def other_shape(path: Path) -> None:
    arrays = read_arrow(path, ["xs", "ys"])
    write_arrow(path, arrays | {"xs": arrays["xs"].reshape(len(arrays["xs"]), -1, 1)})


def other_columns(path: Path) -> None:
    from datasets import Dataset

    Dataset.from_dict({"text": ["a"]}).save_to_disk(path.parent / "foreign")
    path.write_bytes(next((path.parent / "foreign").glob("*.arrow")).read_bytes())
    resum(path)


def no_arrow(path: Path) -> None:
    path.write_bytes(b"not an Arrow file")
    resum(path)


def resum(path: Path) -> None:
    import hashlib

    path.with_suffix(".sha256").write_text(hashlib.sha256(path.read_bytes()).hexdigest(), encoding="ascii")


DAMAGES = [truncate, empty, flip, spoil_header, remove, remove_sum, other_prompts, other_shape, other_columns]


@pytest.mark.parametrize("damage", [*DAMAGES, no_arrow], ids=lambda damage: damage.__name__)
def test_a_damaged_cache_is_written_again(tiny, monkeypatch, capfd, damage):
    wanted = loaded(tiny)
    damage(cache_path(tiny, TASK))
    capfd.readouterr()
    assert loaded(tiny) == wanted
    no_generating(monkeypatch)
    assert loaded(tiny) == wanted
    assert capfd.readouterr() == ("", "")


def test_a_cache_is_not_believed_where_the_lock_says_otherwise(tiny):
    """Neither the cache nor the generator is the truth; the lock is."""
    load_prompts(tiny, TASK)
    lock = json.loads(tiny.lock_path.read_text(encoding="utf-8"))
    lock["tasks"][TASK]["ys"] = "f" * 64
    before = cache_path(tiny, TASK)
    tiny.lock_path.write_text(json.dumps(lock), encoding="utf-8")
    after = cache_path(tiny, TASK)
    assert after != before
    after.parent.mkdir()
    for path in (before, before.with_suffix(".sha256")):
        path.rename(after.with_suffix(path.suffix))
    with raises(SuiteError, "prompts-differ", naming=(f"tiny-v1/{TASK}", "f" * 64)):
        load_prompts(tiny, TASK)


def test_an_unknown_task(tiny):
    with raises(UnknownNameError, "unknown-task", naming=("'mqar'", "tiny-v1")):
        load_prompts(tiny, "mqar")


@pytest.mark.parametrize("home", ["file", "/proc/nowhere", "m" * 5_000])
def test_a_cache_that_cannot_be_written_stops_nothing(tiny, tmp_path, monkeypatch, home):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", home)
    assert loaded(tiny) == expected(tiny)


def test_prompts_without_a_cache_are_read_only(tiny, monkeypatch):
    monkeypatch.setenv("HF_HOME", "/proc/nowhere")
    prompts = load_prompts(tiny, TASK)
    assert not prompts.xs.flags.writeable
    assert not prompts.ys.flags.writeable


def test_a_disk_that_is_full_before_the_hash_leaves_no_arrays(tiny, cache, monkeypatch):
    def full(path, text):
        raise StorageError(f"cannot write {path}: No space left on device; free space")

    monkeypatch.setattr(cache_module, "write_text", full)
    assert loaded(tiny) == expected(tiny)
    assert [path.name for path in cache.rglob("*") if path.is_file()] == []


def test_a_full_disk_stops_nothing_and_leaves_nothing_behind(cache):
    """A limit on the size of files stands in for the disk's end."""
    code = """
import resource, signal
import datasets.arrow_writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from icl_bench.suites import load_prompts, load_suite
suite = load_suite('mini')
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
print(load_prompts(suite, 'vector_mqar').xs.shape[0])
"""
    done = run(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2048\n", "")
    assert [path.name for path in cache.rglob("*") if path.is_file()] == []
    assert run(LOAD).returncode == 0


@pytest.mark.parametrize("kill_at", [1, 2])
def test_a_killed_process_leaves_nothing_that_is_taken_for_whole(cache, kill_at):
    """Killed just before the array file (1) or its hash (2) takes its place."""
    code = f"""
import os, signal
rename, left = os.replace, [{kill_at}]
def replace(*arguments):
    left[0] -= 1
    os.kill(os.getpid(), signal.SIGKILL) if not left[0] else rename(*arguments)
os.replace = replace
{LOAD}
"""
    assert run(code).returncode == -signal.SIGKILL
    suite = load_suite("mini")
    assert read_arrow(cache_path(suite, TASK), ["xs", "ys"]) is None
    assert loaded(suite) == expected(suite)


def test_two_processes_may_come_first_at_once(cache):
    """Several processes fill the same cache again and again while it is taken away from under them."""
    code = f"""
import sys, pathlib
{LOAD}
for turn in range(8):
    for path in pathlib.Path(sys.argv[1]).rglob('vector_mqar.*'):
        path.unlink(missing_ok=True)
    {LOAD}
"""
    command = [sys.executable, "-c", code, str(cache)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) for _ in range(2)]
    messages = [process.communicate()[1] for process in both]
    assert messages == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    suite = load_suite("mini")
    assert loaded(suite) == expected(suite)
    assert [path for path in cache.rglob("*") if path.suffix in (".part", ".old")] == []
