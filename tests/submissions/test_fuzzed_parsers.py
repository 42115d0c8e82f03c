"""Whatever bytes a stranger sends, a parser answers with a value or with one bounded line, soon.

200 inputs a parser, 1,200 in all, the same ones every time. ICL_BENCH_FUZZ=20000 tries as many of each, drawn
anew.
"""

import json
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from submissions.language_models import language_model_value
from submissions.submitted import SPEC, submission_value, tiny_model

from icl_bench.errors import CheckpointError, ICLBenchError, SpecError
from icl_bench.evaluation.fresh import parse_fresh_record
from icl_bench.models.checkpoint import save_checkpoint
from icl_bench.models.weights import check_header, read_weights
from icl_bench.specs.architecture import MAX_PARAMETERS, parse_architecture
from icl_bench.specs.checkpoint import parse_config, parse_json
from icl_bench.specs.submission import parse_submission
from icl_bench.submissions.submission_folder import inspect_submission

pytestmark = pytest.mark.slow

INPUTS = int(os.environ.get("ICL_BENCH_FUZZ", "200"))
SECONDS = 5.0  # that one input may take
fuzz = settings(
    max_examples=INPUTS,
    deadline=None,
    derandomize="ICL_BENCH_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 2**31, 2**63, 2**64, 10**30, 10**400]),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(
        ["", "<b>", "\u202e", "\x1b[31m", "../x", "javascript:x", "!!python/name:os.system", "a/b"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CONFIG = {"spec": SPEC, "d": 3, "k": 1, "task": "tiny-v1/linear_regression", "training": {"seed": 0}}


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path of keys and indices in a value."""
    paths = [above] if above else []
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            paths += places(value[key], (*above, key))
    return paths


@st.composite
def spoiled(draw: Callable[..., Any], whole: Any) -> Any:
    """A whole value with one to three entries replaced, removed, added or repeated."""
    value = json.loads(json.dumps(whole))
    for _ in range(draw(st.integers(1, 3))):
        all_places = places(value)
        assume(all_places)
        place = draw(st.sampled_from(all_places))
        at = value
        for key in place[:-1]:
            at = at[key]
        how = draw(st.sampled_from(["replace", "remove", "add", "repeat"]))
        if how == "remove":
            del at[place[-1]]
        elif how == "add" and isinstance(at, dict):
            at[draw(st.text(max_size=8))] = draw(VALUES)
        elif how == "repeat" and isinstance(at, list):
            at += [at[place[-1]]] * draw(st.integers(1, 40))
        else:
            at[place[-1]] = draw(VALUES)
    return value


@st.composite
def damaged(draw: Callable[..., Any], whole: bytes) -> bytes:
    """Bytes with a few of them changed, cut out, or put twice."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 12)))
        content[start:end] = draw(st.binary(max_size=6) | st.just(bytes(content[start:end]) * 2))
    return bytes(content)


def one_line(message: str) -> None:
    assert message.isprintable()
    assert len(message) < 1_500


def tried(parse: Callable[[], Any], *errors: type[ICLBenchError]) -> Any:
    """What a parser answers; None where it refuses, in one line."""
    started = time.process_time()
    try:
        return parse()
    except errors as error:
        one_line(str(error))
        return None
    finally:
        assert time.process_time() - started < SECONDS


TEXT = yaml.safe_dump(submission_value(), sort_keys=False)
LANGUAGE_MODEL = dict.fromkeys(("config.json", "tokenizer.json", "model.safetensors"), b"")


@fuzz
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text("-:[]{}&*!|>'\"%@`#?,\n\t <abc019.~=", max_size=120).map(str.encode),
        damaged(TEXT.encode()),
        spoiled(submission_value()).map(lambda value: yaml.safe_dump(value).encode()),
        spoiled(language_model_value(LANGUAGE_MODEL)).map(lambda value: yaml.safe_dump(value).encode()),
    )
)
def test_submissions(tmp_path_factory: pytest.TempPathFactory, content):
    path = tmp_path_factory.getbasetemp() / "submission.yaml"
    path.write_bytes(content)
    started = time.process_time()
    _, submission, faults = inspect_submission(path)
    assert time.process_time() - started < SECONDS
    assert (submission is None) == bool(faults)
    for fault in faults:
        one_line(str(fault))
        assert fault.line is None or 1 <= fault.line <= content.count(b"\n") + content.count(b"\r") + 10
    if submission is not None:
        again = parse_submission(submission.to_dict(), "again")
        assert again == submission


@fuzz
@given(value=spoiled(SPEC) | VALUES)
def test_specs(value):
    spec = tried(lambda: parse_architecture(value, "spec"), SpecError)
    if spec is not None:
        assert spec.parameters(1, 1) <= MAX_PARAMETERS
        assert parse_architecture(spec.to_dict(), "again") == spec


@fuzz
@given(value=spoiled(CONFIG) | VALUES)
def test_configs(value):
    config = tried(lambda: parse_config(value, "config.json"), CheckpointError)
    assert config is None or parse_config(config.to_dict(), "again") == config


@fuzz
@given(content=st.binary(max_size=200) | damaged(json.dumps(CONFIG).encode()))
def test_json(content):
    tried(lambda: parse_json(content, "file"), CheckpointError)


FRESH_TASK = {
    "sha256": "0" * 64,
    "prompts": 2,
    "prompt_errors": [0.5, 1.0],
    "zero_errors": [1.0, 2.0],
    "gap": {"value": 0.0, "low": -0.1, "high": 0.1, "reason": None, "prompts": None},
}
FRESH = {
    "schema": 1,
    "model": {"kind": "hub", "id": "a/b", "revision": "0" * 40},
    "suite": {"name": "tiny-v1", "hash": "0" * 64, "resamples": 2_000},
    "commit": "0" * 40,
    "evaluator": {"version": "1", "commit": None, "dirty": None},
    "environment": {
        **dict.fromkeys(("python", "numpy", "torch", "device"), "1"),
        "dtype": "float32",
        "threads": 1,
    },
    "tasks": {"linear_regression": FRESH_TASK},
}


@fuzz
@given(
    content=spoiled(FRESH).map(lambda value: json.dumps(value).encode()) | damaged(json.dumps(FRESH).encode())
)
def test_records_of_fresh_prompts(content):
    tried(lambda: parse_fresh_record(content, "a.fresh.json"), SpecError, CheckpointError)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """A whole checkpoint whose weights are spoiled."""
    folder = tmp_path_factory.mktemp("fuzzed") / "model"
    save_checkpoint(tiny_model("linear_regression", 3, 1), folder)
    return folder


def whole_weights() -> tuple[dict[str, Any], bytes]:
    """The header and the data of a checkpoint, without a file."""
    from safetensors.torch import save

    content = save(tiny_model("linear_regression", 3, 1).state_dict())
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


HEADER, DATA = whole_weights()
SHAPES = {name: tuple(entry["shape"]) for name, entry in HEADER.items()}


def packed(header: Any, length: int = 0) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text) + length) + text + DATA


@fuzz
@given(
    content=st.one_of(
        st.binary(max_size=300),
        damaged(packed(HEADER)),
        spoiled(HEADER).map(packed),
        st.builds(packed, st.just(HEADER), st.integers(0, 2**62)),
        st.builds(
            lambda length, rest: struct.pack("<Q", length) + rest, st.integers(0, 2**64 - 1), st.binary()
        ),
    )
)
def test_headers_of_weights(checkpoint, content):
    """What the header's check lets through, the library reads, tensor by tensor."""
    path = checkpoint / "model.safetensors"
    path.write_bytes(content)
    if tried(lambda: check_header(path, SHAPES) or True, CheckpointError):
        tensors = tried(lambda: read_weights(checkpoint, SHAPES), CheckpointError)
        assert tensors is None or {name: tuple(tensor.shape) for name, tensor in tensors.items()} == SHAPES
