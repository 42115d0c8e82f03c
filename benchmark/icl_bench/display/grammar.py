"""The grammar of architecture specs as text: every key with its type, range and default."""

import inspect
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from icl_bench.specs.architecture import (
    BLOCKS,
    NORM_EPSILONS,
    ArchitectureSpec,
    Layer,
    LearnedPositions,
    NormSpec,
    Sublayer,
)
from icl_bench.specs.plain_yaml import dump_plain

_KINDS: dict[Any, str] = {int: "whole number", float: "number", str: "text", bool: "true or false"}
_NESTED = {  # what stands at a key whose values have keys of their own
    "positions": "none, or learned positions (below)",
    "norm": "layernorm, rmsnorm, or a norm with its epsilon (below)",
    "final_norm": "as norm",
    "module": "one of the blocks",
    "stem": "list of sublayers before the layers",
    "layers": "list of layers",
    "sublayers": "list of sublayers",
    "name": "small letters, digits, '.', '_' and '-'",
}


def grammar() -> Iterator[tuple[str, str, dict[str, str], str]]:
    """Every part of a spec: its name, what it is, its keys in words, and an example in YAML."""
    epsilons = ", ".join(f"{name} {epsilon:g}" for name, epsilon in NORM_EPSILONS.items())
    parts: list[tuple[str, type[BaseModel], str, str]] = [
        ("a spec", ArchitectureSpec, "The whole file.", "icl-bench models show reference/gpt2 prints one"),
        ("a layer", Layer, _summary(Layer), "{loop: 12, inject: true, sublayers: [...]}"),
        ("a sublayer", Sublayer, _summary(Sublayer), "{norm: rmsnorm, module: {type: swiglu, hidden: 256}}"),
        ("a norm", NormSpec, f"Its name alone means the usual epsilon: {epsilons}.", "rmsnorm"),
        ("positions", LearnedPositions, _summary(LearnedPositions), "{type: learned, max_tokens: 64}"),
    ]
    for name, schema, summary, example in parts:
        yield name, summary, keys(schema), example
    for name, block in BLOCKS.entries().items():
        example = dump_plain({"type": name} | block.example, default_flow_style=True, width=1_000).strip()
        yield f"block {name}", _summary(block), keys(block), example


def keys(schema: type[BaseModel]) -> dict[str, str]:
    """What may stand at each key, in words: `whole number, 1 to 1,024`."""
    return {field.alias or name: _in_words(name, field) for name, field in schema.model_fields.items()}


def _in_words(name: str, field: FieldInfo) -> str:
    plain = get_origin(field.annotation) is Literal or name not in _NESTED
    words = _kind(field.annotation) + _range(field) if plain else _NESTED[name]
    if field.is_required() or name == "type":
        return words
    default = field.get_default(call_default_factory=True)
    plain_default = str(default).lower() if default is None or isinstance(default, bool) else repr(default)
    return f"{words}; {plain_default} unless given"


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(str(value) for value in get_args(annotation))
    if (kinds := get_args(annotation)) and kinds[-1] is type(None):
        annotation = kinds[0]
    return _KINDS.get(annotation, "value")


def _range(field: FieldInfo) -> str:
    bounds = {}
    for constraint in field.metadata:
        for bound in ("ge", "gt", "le", "lt"):
            if getattr(constraint, bound, None) is not None:
                bounds[bound] = f"{getattr(constraint, bound):,}"
    low = bounds.get("ge") or (f"more than {bounds['gt']}" if "gt" in bounds else "")
    high = bounds.get("le") or (f"less than {bounds['lt']}" if "lt" in bounds else "")
    if low and high:
        return f", {low} to {high}"
    return f", at least {low}" if low else f", at most {high}" if high else ""


def _summary(schema: type[BaseModel]) -> str:
    return " ".join((inspect.getdoc(schema) or "").split("\n\n")[0].split())
