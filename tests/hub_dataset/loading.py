"""Holding a dataset, as `datasets.load_dataset` gives it, to the lock of its suite."""

import hashlib

import datasets
import numpy as np

from icl_bench.suites import Suite
from icl_bench.suites.lock import PARTS, array_hash, parameters_hash


def loaded_hashes(source: str, suite: Suite, task: str, **options: str) -> dict[str, str]:
    """The hashes of what `load_dataset` returns of a task, by the parts of a lock."""
    loaded = datasets.load_dataset(source, task, split="test", **options)
    rows = loaded.with_format("numpy")[:]
    assert len(loaded) == suite.spec.prompts
    parameters = {
        name.removeprefix("parameters."): rows[name].astype(_dtype(loaded.features[name]))
        for name in rows
        if name.startswith("parameters.")
    }
    hashes = {name: array_hash(rows[name]) for name in rows if name in PARTS}
    hashes["parameters"] = parameters_hash(parameters)
    if "text" in rows:
        hashes["texts"] = hashlib.sha256("".join(f"{text}\n" for text in loaded["text"]).encode()).hexdigest()
    return hashes


def locked_hashes(suite: Suite, task: str) -> dict[str, str]:
    """The hashes of the same parts in the lock."""
    hashes = suite.lock.tasks[task].hashes()
    del hashes["rules"]
    return hashes


def _dtype(feature: object) -> np.dtype:
    while not hasattr(feature, "dtype") or feature.dtype == "list":
        feature = feature.feature
    return np.dtype(feature.dtype)
