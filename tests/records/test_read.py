"""The record on disk: whole, strict, checked against itself."""

import json
import signal
import subprocess
import sys
import textwrap

import pytest
from raising import raises

import icl_bench
from icl_bench import environment
from icl_bench.environment import describe_evaluator
from icl_bench.errors import SpecError, StorageError
from icl_bench.records.read import load_record
from icl_bench.specs.result import CheckpointIdentity


def test_a_record_survives_the_round_trip(record, saved):
    assert load_record(saved) == record
    assert load_record(saved).to_json() == record.to_json() == saved.read_text()


def test_the_file_is_json_with_numbers_as_numbers_and_one_line_a_list(record, saved):
    def refuse(name):
        pytest.fail(f"{name} in the record")

    value = json.loads(saved.read_text(), parse_constant=refuse)
    task = value["tasks"]["linear_regression"]
    assert value["schema"] == 2
    assert task["prompt_errors"] == record.tasks["linear_regression"].prompt_errors  # to the last bit
    assert isinstance(task["estimates"]["score"]["value"], float)
    assert len(saved.read_text().splitlines()) < 80 * len(value["tasks"])


def test_a_byte_order_mark_is_as_if_it_were_not_there(record, saved):
    saved.write_bytes(b"\xef\xbb\xbf" + saved.read_bytes())
    assert load_record(saved) == record
    saved.write_bytes(record.to_json().encode("utf-16"))
    with raises(SpecError, "not-text", naming=saved):
        load_record(saved)


def test_a_pointer_in_place_of_a_record(saved):
    saved.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with raises(SpecError, "lfs-pointer", naming="`git lfs pull`"):
        load_record(saved)


@pytest.mark.parametrize(
    ("place", "other"),
    [
        ('"schema": 2', '"schema": 2, "schema": 2'),
        ('"sha256": "' + "a" * 64 + '"', '"sha256": "' + "b" * 64 + '", "sha256": "' + "a" * 64 + '"'),
        ('"seed": 1', '"seed": 0, "seed": 1'),
        ('"note": [1.0]', '"note": [1.0, {"seed": 0, "seed": 1}]'),
        ('"note": [1.0]', '"note": [[], {"se\\u0065d": 0, "seed": 1}]'),
    ],
)
def test_a_key_that_stands_twice_is_refused(record, saved, place, other):
    """Of two values the last one would be read, and the first one shown."""
    training = {"seed": 1, "note": [1.0], "text": 'a "quoted": text: "'}
    identity = CheckpointIdentity(sha256="a" * 64, spec={}, parameters=1, training=training)
    tasks = {name: task.model_copy(update={"checkpoint": identity}) for name, task in record.tasks.items()}
    text = record.model_copy(update={"tasks": tasks}).to_json()
    saved.write_text(text)
    load_record(saved)
    loose = json.dumps(json.loads(text))
    assert place in loose
    saved.write_text(loose.replace(place, other, 1))
    with raises(SpecError, "unparsable", naming="duplicate key"):
        load_record(saved)


def test_text_that_looks_like_a_list_is_left_as_it_is(record):
    identity = record.model.model_copy(update={"id": "runs/[1,   2]"})
    changed = record.model_copy(update={"model": identity})
    assert json.loads(changed.to_json())["model"]["id"] == "runs/[1,   2]"


def test_it_says_which_code_made_it(record):
    assert record.evaluator == describe_evaluator()
    assert record.evaluator.version == icl_bench.__version__
    assert record.environment.dtype == "float32"
    assert record.environment.device == "cpu"


def test_an_installation_outside_a_checkout_has_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "data_folder", lambda name: tmp_path / name)
    assert describe_evaluator().commit is None
    assert describe_evaluator().dirty is None


def test_in_a_checkout_the_commit_is_that_of_git_and_changes_make_it_dirty(monkeypatch, tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    monkeypatch.setattr(environment, "data_folder", lambda name: tmp_path / name)
    (tmp_path / "benchmark").mkdir()
    (tmp_path / "benchmark/code.py").write_text("1")
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    assert describe_evaluator().commit == git("rev-parse", "HEAD")
    assert describe_evaluator().dirty is False
    (tmp_path / "results.json").write_text("{}")  # no part of the code
    assert describe_evaluator().dirty is False
    (tmp_path / "tasks/mini-v1/baselines/parity").mkdir(parents=True)
    (tmp_path / "tasks/mini-v1/baselines/parity/zero.npz").write_text("3")
    (tmp_path / "tasks/mini-v1/lock.json").write_text("{}")  # whose hash is in the record anyway
    assert describe_evaluator().dirty is False
    (tmp_path / "tasks/mini-v1/recipe.yaml").write_text("{}")
    assert describe_evaluator().dirty is True
    (tmp_path / "tasks/mini-v1/recipe.yaml").unlink()
    (tmp_path / "benchmark/new.py").write_text("2")
    assert describe_evaluator().dirty is True


def in_a_process(code: str, path) -> subprocess.CompletedProcess:
    """Overwrite the record at `path` in a process in which something goes wrong."""
    prelude = f"""
        import os, resource, signal, sys
        from pathlib import Path
        from icl_bench.errors import StorageError
        from icl_bench.records.read import load_record
        path = Path({str(path)!r})
        record = load_record(path)
        record = record.model_copy(update={{"model": record.model.model_copy(update={{"id": "other"}})}})
    """
    whole = textwrap.dedent(prelude) + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=False)


def test_a_process_killed_while_writing_leaves_the_old_record(record, saved):
    done = in_a_process(
        """
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)  # all is written, nothing is renamed
        record.save(path)
        """,
        saved,
    )
    assert done.returncode == -signal.SIGKILL
    assert load_record(saved) == record


def test_a_disk_that_fills_up_while_writing_leaves_the_old_record_and_one_line(record, saved):
    done = in_a_process(
        """
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        try:
            record.save(path)
        except StorageError as error:
            print(error)
        """,
        saved,
    )
    assert done.stdout.startswith(f"cannot write {saved}: ")
    assert len(done.stdout.splitlines()) == 1
    assert load_record(saved) == record
    assert [entry.name for entry in saved.parent.iterdir()] == [saved.name]  # nothing half-written beside it


def test_a_place_that_cannot_be_written_is_reported(record, tmp_path):
    (tmp_path / "file").write_text("")
    with raises(StorageError, "not-a-folder", naming=tmp_path / "file"):
        record.save(tmp_path / "file" / "record.json")
