"""Of a language model the listed files alone are fetched, the config first, and nothing of it is run."""

import struct
from pathlib import Path

import pytest
from hub_repository import GOOD_TOKEN
from hub_server import HubServer
from models.small import files_of
from raising import raises
from submissions.language_models import (
    CONFIG,
    INDEX,
    OTHERS,
    SHARDS,
    TEXT_RUN,
    TOKENIZER,
    WEIGHTS,
    in_shards,
    with_config,
)
from submissions.submitted import MODEL, Submitted, run_entry

from icl_bench.errors import CheckpointError, HubError, ICLBenchError
from icl_bench.submissions import language_models
from icl_bench.submissions.fetch import fetch_submission
from icl_bench.submissions.language_models import listed_sizes

pytestmark = pytest.mark.usefixtures("hub")


def serve(hub: HubServer, submitted: Submitted, files: dict[str, bytes]) -> None:
    """A Hub that has these files and others, which are submitted."""
    commit = hub.repo(MODEL, files | OTHERS).refs["main"]
    submitted.files[0] = files
    submitted.change(lambda value: value.update(runs=[run_entry(0, files, commit)]))


def asked(hub: HubServer) -> list[str]:
    """The names of the files that were asked for, in order."""
    lines = [line for line in hub.requests if "/resolve/" in line]
    return list(dict.fromkeys(line.rsplit("/", 1)[1] for line in lines))


def refused(
    submitted: Submitted, into: Path, code: str, *naming: object, error: type[ICLBenchError] = CheckpointError
) -> None:
    """Fetching ends in one line, and nothing is left of it."""
    with raises(error, code, naming=naming) as caught:
        fetch_submission(submitted.entry, into)
    assert str(caught.value).isprintable()
    assert not into.exists() or list(into.iterdir()) == []


def test_the_listed_files_come_and_no_others_config_first_and_weights_last(hub, text_submitted, tmp_path):
    serve(hub, text_submitted, text_submitted.files[0])
    (folder,) = fetch_submission(text_submitted.entry, tmp_path / "into")
    assert folder == tmp_path / "into" / TEXT_RUN
    assert files_of(folder) == text_submitted.files[0]
    assert hub.asked_files() == set(text_submitted.files[0])
    assert (asked(hub)[0], asked(hub)[-1]) == (CONFIG, WEIGHTS)
    hub.requests.clear()
    fetch_submission(text_submitted.entry, tmp_path / "into")
    assert hub.requests == []


def test_weights_in_shards_come_with_their_index(hub, text_submitted, tmp_path):
    serve(hub, text_submitted, in_shards(text_submitted.files[0]))
    (folder,) = fetch_submission(text_submitted.entry, tmp_path / "into")
    assert files_of(folder) == text_submitted.files[0]
    assert asked(hub)[-2:] == list(SHARDS)


@pytest.mark.parametrize("named", ["evil.py", "../../x", "model-00003-of-00003.safetensors", TOKENIZER])
def test_an_index_names_listed_weights_alone(hub, text_submitted, tmp_path, named):
    serve(hub, text_submitted, in_shards(text_submitted.files[0], strange=named))
    refused(text_submitted, tmp_path / "into", "not-listed-shard", INDEX, repr(named))
    assert not set(asked(hub)) & set(SHARDS)


def test_no_token_is_sent(hub, text_submitted, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    serve(hub, text_submitted, text_submitted.files[0])
    hub.repos[MODEL].private = True
    refused(text_submitted, tmp_path / "into", "not-public", MODEL, error=HubError)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model_type": "own", "auto_map": {"AutoModelForCausalLM": "modeling.Own"}}, "remote-code"),
        ({"model_type": "vit"}, "no-language-model"),
        ({"model_type": None}, "no-language-model"),
        ({"attn_implementation": "someone/kernel"}, "remote-code"),
    ],
)
def test_an_architecture_that_is_not_read_is_refused_by_its_config_alone(
    hub, text_submitted, tmp_path, changes, code
):
    serve(hub, text_submitted, with_config(text_submitted.files[0], **changes))
    refused(text_submitted, tmp_path / "into", code, MODEL)
    assert set(asked(hub)) == {CONFIG}


@pytest.mark.parametrize("name", [CONFIG, TOKENIZER, WEIGHTS])
def test_a_file_of_another_hash_is_not_kept(hub, text_submitted, tmp_path, name):
    serve(hub, text_submitted, text_submitted.files[0])
    listed = text_submitted.value["runs"][0]["files"] | {name: "d4" * 32}
    text_submitted.change(lambda value: value["runs"][0].update(files=listed))
    refused(text_submitted, tmp_path / "into", "other-content", name, MODEL, error=HubError)


@pytest.mark.parametrize("name", [CONFIG, TOKENIZER, WEIGHTS])
def test_a_file_that_is_too_large_is_never_asked_for(hub, text_submitted, tmp_path, name):
    serve(hub, text_submitted, text_submitted.files[0])
    (run,) = text_submitted.entry.submission.runs
    hub.sizes[name] = listed_sizes(run)[name].most + 1
    refused(text_submitted, tmp_path / "into", "larger-than-spec", name, error=HubError)
    assert asked(hub) == []


def test_more_parameters_than_a_submission_may_have(hub, text_submitted, tmp_path, monkeypatch):
    """Those that the header of the first shard announces are enough to leave out the second."""
    monkeypatch.setattr(language_models, "MAX_PARAMETERS", 10_000)
    serve(hub, text_submitted, in_shards(text_submitted.files[0]))
    hub.sizes[SHARDS[0]] = 1
    refused(text_submitted, tmp_path / "into", "too-many-parameters", MODEL, "10,000")
    assert asked(hub)[-1] == SHARDS[0]


def test_a_model_that_takes_too_long_to_evaluate(hub, text_submitted, tmp_path, monkeypatch):
    monkeypatch.setattr(language_models, "MAX_FLOPS", 1e8)
    serve(hub, text_submitted, text_submitted.files[0])
    refused(text_submitted, tmp_path / "into", "too-slow", MODEL, "1e+08")


def damaged(weights: bytes) -> list[bytes]:
    """Weights that are cut short, have too much, are a pickle, or announce more than there is."""
    header = b'{"x":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4]}}'
    return [
        weights[:-4],
        weights + b"0000",
        b"\x80\x04\x95" + b"0" * 100,
        struct.pack("<Q", len(header)) + header + b"0000",
        b"",
    ]


@pytest.mark.parametrize("how", range(5))
def test_damaged_weights(hub, text_submitted, tmp_path, how):
    files = text_submitted.files[0]
    serve(hub, text_submitted, files | {WEIGHTS: damaged(files[WEIGHTS])[how]})
    refused(text_submitted, tmp_path / "into", "damaged-weights", WEIGHTS)
