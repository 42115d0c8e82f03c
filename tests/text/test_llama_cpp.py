"""The server of llama.cpp's Python package with a real model, against the same file in memory."""

import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from importlib.util import find_spec

import numpy as np
import pytest
from text.served import prompts

from icl_bench.entries.text import packaged_model
from icl_bench.errors import InputError
from icl_bench.text.completions import CompletionsClient
from icl_bench.text.endpoint_predictor import EndpointPredictor
from icl_bench.text.kept_answers import KeptAnswers
from icl_bench.text.language_model import load_language_model
from icl_bench.text.model_files import gguf_file
from icl_bench.text.predictor import LanguageModelPredictor

NAME = "text/smollm2-135m-instruct-q4"
STARTED_WITHIN = 120  # seconds
# llama.cpp multiplies 4-bit weights with activations of 8 bits, `transformers` their float32 values with
# float32: measured on 24 labels are differences of at most 0.14 in log-probability, 0.03 on average
MOST, MEAN = 0.4, 0.1

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("llama_cpp") is None, reason="llama_cpp is not installed"),
]


@pytest.fixture(scope="module")
def weights():
    try:
        return packaged_model(NAME).find()
    except InputError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def url(weights):
    """The address of a server with the model, once it listens."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(weights), "--logits_all", "true"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", "1024"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=dict(os.environ), **quiet)
    try:
        deadline = time.monotonic() + STARTED_WITHIN
        while not listens(port):
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    with closing(socket.socket()) as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def test_a_served_model_answers_as_in_memory(url, weights, tmp_path):
    local = LanguageModelPredictor(load_language_model(gguf_file(NAME, weights)))
    served = EndpointPredictor(CompletionsClient(url, NAME), KeptAnswers(tmp_path / "answers.jsonl"))
    xs, ys = prompts(2, 8)
    differences = np.abs(local.answer(xs, ys).log_probabilities - served.answer(xs, ys).log_probabilities)
    assert differences.max() < MOST
    assert differences.mean() < MEAN
    assert served.label_shares(xs, ys).mean() > 0.5  # the labels are among what is listed
