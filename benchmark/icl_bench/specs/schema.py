"""The ground every declarative file stands on: strict models, registries, one-line errors."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from icl_bench.errors import SpecError, UnknownNameError
from icl_bench.specs.plain_yaml import load_plain

Model = TypeVar("Model", bound=BaseModel)
Entry = TypeVar("Entry", bound=BaseModel)


class Strict(BaseModel):
    """A schema in which an unknown key is an error and a value is never coerced or changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, value: Any) -> Any:
        if isinstance(value, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in known:
                    raise ValueError(str(UnknownNameError("key", key, known)))
        return value


class Registry(Generic[Entry]):
    """The entries of one kind, found by their `type` key: one file an entry, no list to keep.

    Every module of `package` is imported at first use; each registers its class by `@registry.register`.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, type[Entry]] = {}
        self._discovered = False

    def register(self, entry: type[Entry]) -> type[Entry]:
        """Class decorator: the entry's name is the default of its `type` field."""
        self._entries[entry.model_fields["type"].default] = entry
        return entry

    def entries(self) -> dict[str, type[Entry]]:
        """Name to class, sorted by name."""
        if not self._discovered:
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self._package}.{module.name}")
            self._discovered = True
        return dict(sorted(self._entries.items()))

    def parse(self, value: Any) -> Entry:
        """Turn `{type: name, ...}` into its entry; the entry's own validation errors keep their place."""
        entries = self.entries()
        for entry in entries.values():
            if isinstance(value, entry):
                return value
        if not isinstance(value, dict) or "type" not in value:
            raise ValueError(f"a {self.kind} is a mapping with a 'type', one of {', '.join(entries)}")
        if value["type"] not in entries:
            raise ValueError(str(UnknownNameError(self.kind, value["type"], entries)))
        return entries[value["type"]].model_validate(value)


def read_yaml(path: Path) -> Any:
    """Read a YAML or JSON file as plain data; SpecError names the file and the line."""
    try:
        return load_plain(path.read_bytes())
    except FileNotFoundError:
        raise SpecError(f"no file {path}; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {path}: {error}; give a UTF-8 text file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not YAML"
        raise SpecError(f"cannot parse {path}{line}: {problem}; mend the YAML") from None
    except ValueError as error:  # too large, or a number or date that cannot be
        raise SpecError(f"cannot parse {path}: {error}; mend the YAML") from None
    except RecursionError:
        raise SpecError(f"cannot parse {path}: nested too deeply; mend the YAML") from None


def parse(model: type[Model], value: Any, source: str) -> Model:
    """Validate `value`; SpecError is one line about the first fault: what, where, nearest valid key."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise SpecError(_first_fault(error, source)) from None


def _first_fault(error: ValidationError, source: str) -> str:
    faults = _flat(error)
    # an unknown key explains a missing one, so it is told first
    location, fault = min(faults, key=lambda f: f[1]["type"] != "value_error")
    rest = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{source}: {_told(location, fault)}{rest}"


def _flat(error: ValidationError, above: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Faults with their full location; those of a registry's entry come wrapped in a fault of their own."""
    flat = []
    for fault in error.errors():
        location = above + fault["loc"]
        inner = fault.get("ctx", {}).get("error")
        if isinstance(inner, ValidationError):
            flat += _flat(inner, location)
        else:
            flat.append((location, fault))
    return flat


def _told(location: tuple[Any, ...], fault: Any) -> str:
    if fault["type"] == "missing":
        parent = _place(location[:-1])
        return f"missing key {str(location[-1])!r}{' in ' + parent if parent else ''}; add it"
    message = fault["msg"].removeprefix("Value error, ")
    place = _place(location)
    given = "" if fault["type"] == "value_error" else f" (given: {_short(fault['input'])})"
    return f"{place + ': ' if place else ''}{message}{given}"


def _place(location: tuple[Any, ...]) -> str:
    place = ""
    for part in location:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    return place


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
