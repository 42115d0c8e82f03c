"""Fetching asks for sizes and hashes first, then for the listed files alone, and executes nothing."""

import json
import os
import pickle
import struct
from pathlib import Path

import pytest
import torch
from hub_repository import GOOD_TOKEN
from hub_server import HubServer
from models.small import files_of
from raising import raises
from submissions.submitted import COMMIT, MODEL, SPEC, Submitted, run_entry, tiny_files

from icl_bench.errors import CheckpointError, HubError, ICLBenchError
from icl_bench.models import pinned
from icl_bench.submissions import fetch
from icl_bench.submissions.fetch import fetch_submission, listed_files

RUN = "tiny-v1-seed-0"
CONFIG, WEIGHTS = "linear_regression/config.json", "linear_regression/model.safetensors"


def refused(
    submitted: Submitted,
    into: Path,
    code: str | None = None,
    *naming: object,
    error: type[ICLBenchError] = HubError,
) -> str:
    """The one line that fetching is refused with; nothing is left of it."""
    with raises(error, code, naming=naming) as caught:
        fetch_submission(submitted.entry, into)
    message = str(caught.value)
    assert message.isprintable()
    assert not into.exists() or list(into.iterdir()) == []
    return message


def serve(hub: HubServer, submitted: Submitted, files: dict[str, bytes], listed: bool = True) -> None:
    """A Hub that has other files at the commit that is submitted; `listed` with their own hashes."""
    commit = hub.repo(MODEL, files).refs["main"]
    wanted = {name: files.get(name, b"") for name in submitted.files[0]}
    run = run_entry(0, wanted if listed else submitted.files[0], commit)
    submitted.change(lambda value: value.update(runs=[run]))


def bodies(hub: HubServer) -> list[str]:
    """The bodies that were asked for."""
    return [line for line in hub.requests if line.startswith("GET") and "/api/" not in line]


def test_the_listed_files_come_and_no_others(served, submitted, tmp_path):
    extra = {"pytorch_model.bin": b"\x80\x04.", "run.py": b"import os", "sparse_parity/config.json": b"{}"}
    serve(served, submitted, submitted.files[0] | extra)
    (folder,) = fetch_submission(submitted.entry, tmp_path / "into")
    assert folder == tmp_path / "into" / RUN
    assert files_of(folder) == submitted.files[0]
    assert served.asked_files() == set(submitted.files[0])
    order = [line.rsplit("/", 1)[1] for line in bodies(served)]
    assert order[:2] == ["config.json", "config.json"]


def test_a_second_call_fetches_nothing_and_mends_what_was_changed(served, submitted, tmp_path):
    (folder,) = fetch_submission(submitted.entry, tmp_path)
    served.requests.clear()
    fetch_submission(submitted.entry, tmp_path)
    assert served.requests == []
    (folder / WEIGHTS).write_bytes(b"other")
    (folder / "evil.py").write_text("")
    fetch_submission(submitted.entry, tmp_path)
    assert files_of(folder) == submitted.files[0]


def test_no_token_is_sent_even_where_one_is_there(served, submitted, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    served.repos[MODEL].private = True
    refused(submitted, tmp_path / "into", "not-public", MODEL)
    served.repos[MODEL].private, served.repos[MODEL].gated = False, True
    refused(submitted, tmp_path / "into", "not-public", MODEL)


def test_a_commit_that_is_not_there(served, submitted, tmp_path):
    submitted.change(lambda value: value["runs"][0].update(revision=COMMIT))
    refused(submitted, tmp_path / "into", "no-such-revision", f"'{COMMIT}'")


def test_a_branch_named_like_a_commit_is_not_followed(served, submitted, tmp_path):
    """Its files could be others tomorrow."""
    served.repos[MODEL].refs[COMMIT] = served.repos[MODEL].refs["main"]
    submitted.change(lambda value: value["runs"][0].update(revision=COMMIT))
    refused(submitted, tmp_path / "into", "branch-for-commit", COMMIT)
    assert bodies(served) == []


def test_a_model_under_a_name_that_it_had_before_is_not_fetched(served, submitted, tmp_path):
    """The Hub answers under old names too, and under other capitals: one model could have several rows."""
    served.renamed[MODEL] = "someone/other"
    refused(submitted, tmp_path / "into", "other-repository-name", MODEL, "someone/other")
    assert bodies(served) == []


def test_a_file_that_is_missing_is_reported_before_anything_is_fetched(served, submitted, tmp_path):
    serve(
        served,
        submitted,
        {name: b for name, b in submitted.files[0].items() if name != WEIGHTS},
        listed=False,
    )
    refused(submitted, tmp_path / "into", "file-not-there", WEIGHTS)
    assert bodies(served) == []


def test_weights_larger_than_the_spec_needs_are_never_asked_for(served, submitted, tmp_path):
    served.sizes[WEIGHTS] = (
        listed_files(submitted.entry.submission, submitted.entry.submission.runs[0])[WEIGHTS].most + 1
    )
    refused(submitted, tmp_path / "into", "larger-than-spec", WEIGHTS)
    served.sizes = {CONFIG: 200_001}
    refused(submitted, tmp_path / "into", "larger-than-spec", CONFIG, "200,001")
    assert bodies(served) == []


def test_more_than_a_submission_may_have_in_all(served, submitted, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "MAX_BYTES", 1_000)
    refused(submitted, tmp_path / "into", "too-large", "GB")
    assert bodies(served) == []


def test_a_server_that_sends_more_than_it_announced_is_cut_off(served, submitted, tmp_path, monkeypatch):
    """Its size is a claim; the file stops growing at the limit."""
    monkeypatch.setattr(pinned, "SPARE_BYTES", 0)
    monkeypatch.setattr(fetch, "MAX_CONFIG_BYTES", 10_000)
    large = json.loads(submitted.files[0][CONFIG])
    large["training"]["note"] = "x" * 4_000_000
    files = submitted.files[0] | {CONFIG: json.dumps(large).encode()}
    serve(served, submitted, files)
    served.sizes[CONFIG] = 500
    refused(submitted, tmp_path / "into", "larger-than-announced", CONFIG, MODEL)
    assert not any(path.stat().st_size > 10_000 for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_files_of_other_hashes_are_not_kept(served, submitted, tmp_path, name):
    serve(served, submitted, submitted.files[0] | {name: submitted.files[0][name] + b" "}, listed=False)
    refused(submitted, tmp_path / "into", "other-content", name, MODEL)
    assert not any(WEIGHTS in line for line in bodies(served))  # the server states the hash of large files


def changed(files: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    config = json.loads(files[CONFIG]) | changes
    return files | {CONFIG: json.dumps(config).encode()}


@pytest.mark.parametrize(
    ("changes", "code", "data"),
    [
        ({"spec": SPEC | {"name": "other"}}, "other-spec", CONFIG),
        (
            {"task": "mini-v1/linear_regression"},
            "other-task",
            "mini-v1/linear_regression",
        ),
        (
            {"task": "tiny-v1/vector_mqar"},
            "other-task",
            "tiny-v1/vector_mqar",
        ),
        ({"training": {"seed": 7}}, "other-seed", "seed 7"),
        ({"training": {"note": "<script>alert(1)</script>"}}, "unfit-text", CONFIG),
        ({"training": {"a\u202eb": [{"x": 1}]}}, "unfit-text", "U+202E"),
        ({"training": {"note": "x" * 501}}, "unfit-text", 501),
        ({"training": {"recipe": {"steps": 10**30}}}, "faulty-config", 64),
        ({"auto_map": {"AutoModel": "run.Model"}}, "faulty-config", "'auto_map'"),
        ({"spec": SPEC | {"width": 16_384, "layers": []}}, "faulty-config", "spec.layers"),
    ],
)
def test_configs_that_are_not_the_submissions_stop_the_fetch_before_weights(
    served, submitted, tmp_path, changes, code, data
):
    serve(served, submitted, changed(submitted.files[0], **changes))
    refused(submitted, tmp_path / "into", code, data, error=CheckpointError)
    assert not any("/lfs/" in line for line in bodies(served))


def header(value: object, data: bytes = b"") -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack("<Q", len(text)) + text + data


ENTRY = {"dtype": "F32", "shape": [8, 3], "data_offsets": [0, 96]}
NAMES = ["read_in.weight", "read_in.bias"]


class Trap:
    """Were it loaded as a pickle, it would make a folder."""

    def __init__(self, place: Path) -> None:
        self.place = str(place)

    def __reduce__(self):
        return os.mkdir, (self.place,)


@pytest.mark.parametrize(
    "weights",
    [
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 9_000_000) + b"{" + b" " * 100,
        header(b"not JSON"),
        header(b'{"a": 1, "a": 2}'),
        header(b"[" * 50_000),
        header({name: ENTRY for name in NAMES}, b"\0" * 96),
        header({"read_in.weight": ENTRY | {"data_offsets": [0, 2**62]}}, b"\0" * 96),
        header({"read_in.weight": ENTRY | {"data_offsets": [-96, 0]}}, b"\0" * 96),
        header({"read_in.weight": ENTRY | {"shape": [2**40, 2**40]}}, b"\0" * 96),
        header({"read_in.weight": ENTRY | {"dtype": "F64"}}, b"\0" * 192),
        header({"__metadata__": {"x": "y" * 10_000}}),
        b"",
        b"PK\x03\x04" + b"\0" * 100,
    ],
    ids=range(13),
)
def test_safetensors_whose_header_lies_are_refused_and_not_kept(served, submitted, tmp_path, weights):
    serve(served, submitted, submitted.files[0] | {WEIGHTS: weights})
    refused(submitted, tmp_path / "into", None, "model.safetensors", error=CheckpointError)


def overlapping(content: bytes) -> bytes:
    """Two tensors on the same bytes."""
    (length,) = struct.unpack("<Q", content[:8])
    value = json.loads(content[8 : 8 + length])
    sizes = {name: entry["data_offsets"] for name, entry in value.items() if name != "__metadata__"}
    twins = [name for name in sizes if sizes[name][1] - sizes[name][0] == 32][:2]
    value[twins[1]]["data_offsets"] = value[twins[0]]["data_offsets"]
    return header(value, content[8 + length :])


def test_overlapping_tensors_are_refused(served, submitted, tmp_path):
    serve(served, submitted, submitted.files[0] | {WEIGHTS: overlapping(submitted.files[0][WEIGHTS])})
    refused(submitted, tmp_path / "into", "damaged-weights", "offsets", error=CheckpointError)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5, "torch"])
def test_a_pickle_under_every_name_is_never_loaded(served, submitted, tmp_path, name, protocol):
    trap = Trap(tmp_path / "executed")
    if protocol == "torch":
        torch.save(trap, tmp_path / "pickle")
    else:
        (tmp_path / "pickle").write_bytes(pickle.dumps(trap, protocol))
    serve(served, submitted, submitted.files[0] | {name: (tmp_path / "pickle").read_bytes()})
    refused(submitted, tmp_path / "into", error=CheckpointError)
    assert not (tmp_path / "executed").exists()


def test_a_run_of_another_seed_has_files_of_its_own(served, submitted, tmp_path):
    files = tiny_files(tmp_path / "second", seed=1)
    commit = served.repos[MODEL].commit(files, "seed-1")
    submitted.add_run(1, commit, files)
    folders = fetch_submission(submitted.entry, tmp_path / "into")
    assert [folder.name for folder in folders] == [RUN, "tiny-v1-seed-1"]
    assert files_of(folders[1]) == files


def test_a_download_that_breaks_off_leaves_nothing(served, submitted, tmp_path):
    served.cut[WEIGHTS] = 100
    refused(submitted, tmp_path / "into", "fetch-failed")
