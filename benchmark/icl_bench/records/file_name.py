"""The name of a record's file where none is given: evaluations that differ never share one."""

import hashlib
import json
import re
from collections.abc import Sequence

from icl_bench.specs.loops import cut_loops
from icl_bench.suites import Suite

MOST_BYTES = 150  # of what is readable in a name; a file system takes 255 in all
_HASH_DIGITS = 8


def default_file_name(
    model: str,
    suite: Suite,
    tasks: Sequence[str],
    revision: str | None = None,
    device: str | None = None,
    seed: int | None = None,
) -> str:
    """`reference__llama-mini-v1.json`, with the number of loops that is asked for, tasks that are not all, a
    device other than the CPU, and the seed where a model has several.

    A name that cannot be read back, or that would be long, is cut and closed with a hash of what was asked.
    """
    model, loops = cut_loops(model)
    model = re.sub(r"^(\./+)+|(?<=.)/+$", "", model)
    if revision is not None and not model.endswith(f"@{revision}"):
        model = f"{model}@{revision}"
    readable = re.sub(r"[^\w.@-]+", "__", model.strip("./")) or "model"
    stem = f"{readable}{loops.replace(':', '-')}-{suite.name}"
    if len(tasks) < len(suite.tasks):
        stem += f"-{'+'.join(tasks)}"
    if device not in (None, "cpu"):
        stem += f"-on-{re.sub(r'[^a-z0-9]+', '_', str(device))}"
    if seed is not None:
        stem += f"-seed-{seed}"
    if readable.replace("__", "/") != model or len(stem.encode()) > MOST_BYTES:
        asked = json.dumps(
            [model + loops, suite.name, list(tasks), device or "cpu", *([] if seed is None else [seed])]
        )
        digest = hashlib.sha256(asked.encode()).hexdigest()[:_HASH_DIGITS]
        stem = f"{stem.encode()[:MOST_BYTES].decode(errors='ignore')}-{digest}"
    return f"{stem}.json"
