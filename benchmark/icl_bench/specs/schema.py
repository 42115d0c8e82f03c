"""What every declarative file is read with: strict models, registries, one-line errors."""

import copy
import importlib
import pkgutil
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import to_jsonable_python

from icl_bench.errors import PickledByMessage, SpecError, UnknownNameError
from icl_bench.specs.fault_words import Location, fault_message, missing_keys
from icl_bench.specs.lfs_pointer import pointer_fault
from icl_bench.specs.plain_yaml import MAX_BYTES, PlainYAMLError, load_plain

Model = TypeVar("Model", bound=BaseModel)
Registered = TypeVar("Registered", bound=BaseModel)

MAX_UNKNOWN_KEYS = 50  # that are reported of one file


class Strict(BaseModel):
    """A schema in which an unknown key is an error and a value is never coerced or changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, value: Any) -> Any:
        if isinstance(value, dict):
            newer = newer_fault(value.get("schema"), _newest_schema(cls))
            if newer:
                raise PlacedError(("schema",), newer, "newer-schema")
            known = _keys(cls)
            for key in value:
                if key not in known:
                    raise UnknownKeyError(key, known)
        return value


def locked_values(
    model: BaseModel, locked: Collection[str], unlocked: Collection[str] = ()
) -> dict[str, Any]:
    """What a lock hashes of a model: the keys `locked`, every key without a default, and a key with one only
    where its value is another.

    A schema may therefore gain keys with defaults, and everything that was locked before stays as it is. Keys
    in `unlocked` are never hashed. A nested model answers for itself (`locked_form`).
    """
    values = {}
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        hashed = key in locked or field.is_required() or value != field.get_default()
        if hashed and key not in unlocked:
            values[key] = value.locked_form() if hasattr(value, "locked_form") else to_jsonable_python(value)
    return values


def newer_fault(schema: Any, newest: int | None) -> str | None:
    """The message for a file whose `schema` is later than the newest that is read; None where it is not."""
    if newest is None or type(schema) is not int or schema <= newest:
        return None
    return f"{schema} was made by a newer icl-bench, and this one reads {newest}; update icl-bench"


@cache
def _newest_schema(schema: type[BaseModel]) -> int | None:
    """The newest version of a schema that has versions, None for others."""
    fields = [field for field in schema.model_fields.values() if field.alias == "schema"]
    return max(get_args(fields[0].annotation), default=None) if fields else None


@cache
def _keys(schema: type[BaseModel]) -> list[str]:
    """What its fields are called in a file."""
    return [field.alias or name for name, field in schema.model_fields.items()]


class UnknownKeyError(PickledByMessage, ValueError):
    """A mapping has a key that its schema does not know."""

    code = "unknown-key"

    def __init__(self, key: Any, known: Iterable[str]) -> None:
        super().__init__(str(UnknownNameError("key", key, known)))
        self.key = key


class PlacedError(PickledByMessage, ValueError):
    """A rule over several fields is broken, at a place of keys and indices in the value."""

    def __init__(self, location: Location, message: str, code: str = SpecError.code) -> None:
        super().__init__(message)
        self.location = location
        self.code = code


class Registry(Generic[Registered]):
    """The entries of one kind, found by their `type` key: one file an entry, no list to keep.

    Every module of `package` is imported at first use; each registers its class by `@registry.register`.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self._package = package
        self._entries: dict[str, type[Registered]] = {}
        self._discovered = False

    def register(self, entry: type[Registered]) -> type[Registered]:
        """Class decorator: the entry's name is the default of its `type` field."""
        self._entries[entry.model_fields["type"].default] = entry
        return entry

    def entries(self) -> dict[str, type[Registered]]:
        """Name to class, sorted by name."""
        if not self._discovered:
            package = importlib.import_module(self._package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self._package}.{module.name}")
            self._discovered = True
        return dict(sorted(self._entries.items()))

    def parse(self, value: Any) -> Registered:
        """Turn `{type: name, ...}` into its entry; the entry's own validation errors keep their place."""
        entries = self.entries()
        for entry in entries.values():
            if isinstance(value, entry):
                return value
        if not isinstance(value, dict) or "type" not in value:
            raise ValueError(f"a {self.kind} is a mapping with a 'type', one of {', '.join(entries)}")
        if not isinstance(value["type"], str) or value["type"] not in entries:
            raise ValueError(str(UnknownNameError(self.kind, value["type"], entries)))
        return entries[value["type"]].model_validate(value)


def read_yaml(path: Path) -> Any:
    """Read a YAML or JSON file as plain data; SpecError names the file and the line."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise SpecError(f"{path} is no regular file; give a text file", code="no-regular-file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        pointer = pointer_fault(content, path)
        if pointer:
            raise SpecError(pointer, code="lfs-pointer")
        return load_plain(content)
    except FileNotFoundError:
        raise SpecError(f"no file {path}; check the path", code="no-file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {path}: {error}; give a UTF-8 text file", code="unreadable") from None
    except PlainYAMLError as error:
        line = f" line {error.line}" if error.line else ""
        raise SpecError(f"cannot parse {path}{line}: {error}; fix the YAML", code="unparsable") from None


def parse(model: type[Model], value: Any, source: str) -> Model:
    """Validate `value`; SpecError is one line about the first fault: what, where, nearest valid key."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        message, code = _first_fault(error, source)
        raise SpecError(message, code=code) from None


def all_faults(model: type[Model], value: Any) -> tuple[Model | None, list[tuple[Location, str]]]:
    """Validate `value` and report every fault: where it is, and a line with the remedy.

    A mapping with an unknown key is looked at again without it. Rules over several fields are tried once each
    of them is sound.
    """
    with suppress(ValidationError):
        return model.model_validate(value), []
    value = copy.deepcopy(value)
    faulty: list[tuple[Location, str]] = []
    for _ in range(MAX_UNKNOWN_KEYS):
        try:
            model.model_validate(value)
        except ValidationError as error:
            faults = [(_within(value, place, fault), fault) for place, fault in _flat(error)]
        else:
            return None, faulty
        unknown = [(place, fault, _unknown_key(fault)) for place, fault in faults]
        strange = [(place, fault, error.key) for place, fault, error in unknown if error is not None]
        if not strange:
            return None, faulty + [
                (place, fault_message(place, fault)) for place, fault in _without_unmeant(faults)
            ]
        for place, fault, key in strange:
            faulty.append(((*place, key), fault_message(place, fault)))
            _at(value, place).pop(key, None)
    return None, faulty


def _without_unmeant(faults: list[tuple[Location, Any]]) -> list[tuple[Location, Any]]:
    """Faults but for those of a union's literal, where another member's fault lies deeper in the value."""
    places = [place for place, _ in faults]
    return [
        (place, fault)
        for place, fault in faults
        if fault["type"] != "literal_error"
        or not any(len(other) > len(place) and other[: len(place)] == place for other in places)
    ]


def _first_fault(error: ValidationError, source: str) -> tuple[str, str]:
    """The message of the first fault, and its code."""
    faults = _flat(error)
    # an unknown key explains a missing one, so it is reported first
    location, fault = min(faults, key=lambda f: f[1]["type"] != "value_error")
    missing = [place for place, other in faults if other["type"] == "missing"]
    reported = len(missing) if fault["type"] == "missing" else 1
    rest = f" (and {len(faults) - reported} more)" if len(faults) > reported else ""
    if reported > 1:
        return f"{source}: missing keys {missing_keys(missing)}; add them{rest}", SpecError.code
    code = getattr(fault.get("ctx", {}).get("error"), "code", SpecError.code)
    return f"{source}: {fault_message(location, fault)}{rest}", code


def _flat(error: ValidationError, above: Location = ()) -> list[tuple[Location, Any]]:
    """Faults with their full location; those of a registry's entry come wrapped in a fault of their own."""
    flat = []
    for fault in error.errors():
        location = above + fault["loc"]
        inner = fault.get("ctx", {}).get("error")
        if isinstance(inner, ValidationError):
            flat += _flat(inner, location)
        else:
            flat.append((location + (inner.location if isinstance(inner, PlacedError) else ()), fault))
    return flat


def _unknown_key(fault: Any) -> UnknownKeyError | None:
    error = fault.get("ctx", {}).get("error")
    return error if isinstance(error, UnknownKeyError) else None


def _within(value: Any, location: Location, fault: Any) -> Location:
    """A location without what is not in the value: the members of unions, which pydantic names."""
    missing = fault["type"] == "missing"
    inside: list[Any] = []
    for part in location[:-1] if missing else location:
        held = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        if part in held:
            inside.append(part)
            value = value[part]
    return (*inside, location[-1]) if missing else tuple(inside)


def _at(value: Any, location: Location) -> Any:
    for part in location:
        value = value[part]
    return value
