"""`config.json` of a checkpoint: what the weights are the weights of."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from icl_bench.errors import CheckpointError, SpecError
from icl_bench.specs.architecture import ArchitectureSpec
from icl_bench.specs.checkpoint_files import CONFIG_FILE
from icl_bench.specs.lfs_pointer import pointer_fault
from icl_bench.specs.names import FullTaskName
from icl_bench.specs.plain_yaml import MAX_BITS
from icl_bench.specs.record_json import without_repeats
from icl_bench.specs.schema import Strict, parse

MAX_JSON_BYTES = 1_000_000
MAX_JSON_DEPTH = 32
MAX_JSON_VALUES = 100_000
MAX_PROVENANCE_VALUES = 1_000
MAX_MESSAGE = 600  # characters of a message that quotes a file's content


def _bounded(training: dict[str, Any]) -> dict[str, Any]:
    fault = _not_plain(training, MAX_PROVENANCE_VALUES, MAX_BITS)
    if fault:
        raise ValueError(fault)
    return training


class CheckpointConfig(Strict):
    """The arguments of `icl_bench.models.model.ICLModel`, as `PyTorchModelHubMixin` writes them."""

    spec: ArchitectureSpec
    d: int = Field(ge=1, le=4_096)  # coordinates of x
    k: int = Field(ge=1, le=4_096)  # coordinates of y
    task: FullTaskName  # that it was trained for
    target_scale: float = Field(default=1.0, ge=1e-9, le=1e9)  # factor on targets going in
    training: Annotated[dict[str, Any], AfterValidator(_bounded)] | None = None  # seed, recipe, …

    def to_dict(self) -> dict[str, Any]:
        """The config as plain data, as in its file."""
        return self.model_dump(by_alias=True)


def parse_config(value: Any, source: str) -> CheckpointConfig:
    """Validate plain data as a checkpoint's config; CheckpointError is one line about the first fault."""
    fault = _not_plain(value, MAX_JSON_VALUES)
    if fault or not isinstance(value, dict):
        raise CheckpointError(
            f"{source}: {fault or 'a mapping is expected'}; save the checkpoint again", code="damaged-json"
        )
    if "module" in value and "spec" not in value:
        raise CheckpointError(
            f"{source} is of a torch module of one's own; load the weights into it by "
            "safetensors.torch.load_model, and score it from Python: icl_bench.evaluate(module)"
        )
    if "model_type" in value and "spec" not in value:
        raise CheckpointError(
            f"{source} is of a model of transformers; evaluate a language model by --suite text-boolean, or "
            "convert the folder of another: icl-bench models convert FOLDER --from transformers --task "
            "SUITE/TASK --out NEW-FOLDER",
            code="other-library",
        )
    try:
        return parse(CheckpointConfig, value, source)
    except SpecError as error:
        raise CheckpointError(_short(str(error)), code="faulty-config") from None


def read_config(folder: Path) -> CheckpointConfig:
    """Read `config.json` of a checkpoint folder; CheckpointError is one line about the first fault."""
    return parse_config(read_raw_config(folder), str(folder / CONFIG_FILE))


def read_raw_config(folder: Path) -> Any:
    """`config.json` of a folder as plain data, whatever it says."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise CheckpointError(
            f"{folder} holds no {CONFIG_FILE}; name a folder made by `icl-bench train`", code="no-config-file"
        )
    try:
        with path.open("rb") as file:
            content = file.read(MAX_JSON_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}; check its permissions") from None
    return parse_json(content, str(path))


def parse_json(content: bytes, source: str, most: int = MAX_JSON_BYTES) -> Any:
    """Strict JSON in UTF-8: at most `most` bytes, no key twice, no NaN or infinity, no endless nesting.

    A byte order mark at the start is as if it were not there.
    """
    if len(content) > most:
        raise CheckpointError(f"{source} is larger than {most:,} bytes; shorten it", code="damaged-json")
    pointer = pointer_fault(content, source)
    if pointer:
        raise CheckpointError(pointer, code="lfs-pointer-checkpoint")
    try:
        return json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=without_repeats, parse_constant=_no_constant
        )
    except RecursionError:
        raise CheckpointError(f"{source}: nested too deeply; write it again", code="damaged-json") from None
    except UnicodeDecodeError:
        raise CheckpointError(
            f"{source} is not text in UTF-8; save it as UTF-8", code="damaged-json"
        ) from None
    except ValueError as error:  # of JSON, and of the two hooks
        raise CheckpointError(
            _short(f"{source} is not valid JSON: {error}; write it again"), code="damaged-json"
        ) from None


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _not_plain(value: Any, most: int, bits: int | None = None) -> str | None:
    """What keeps a value from being plain data of bounded size, None where nothing does.

    Whole numbers have `bits` bits at most: to be given where no schema bounds them.
    """
    level, count = [value], 0
    for _ in range(MAX_JSON_DEPTH):
        count += len(level)
        if count > most:
            return f"more than {most:,} values"
        for item in level:
            if not isinstance(item, (dict, list, str, int, float, type(None))):
                return f"{type(item).__name__} is not plain data"
            if isinstance(item, float) and not math.isfinite(item):
                return f"{item} is not a finite number"
            if bits is not None and isinstance(item, int) and item.bit_length() > bits:
                return f"a whole number of {item.bit_length():,} bits; at most {bits} are read"
            if isinstance(item, dict) and not all(isinstance(key, str) for key in item):
                return "a key is not text"
        mappings = [item.values() for item in level if isinstance(item, dict)]
        level = [inner for item in level if isinstance(item, list) for inner in item]
        level += [inner for values in mappings for inner in values]
        if not level:
            return None
    return f"nested more than {MAX_JSON_DEPTH} levels deep"


def _short(text: str, most: int = MAX_MESSAGE) -> str:
    return text if len(text) <= most else text[: most - 2] + " …"
