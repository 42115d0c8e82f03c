"""Every error names its fault and what to do, and has a code that programs can rely on."""

import ast
import pickle
import re
from pathlib import Path

import pytest
from raising import raises

import icl_bench
from icl_bench import errors
from icl_bench.errors import CheckError, ICLBenchError, UnknownNameError, says_no_memory
from icl_bench.specs.plain_yaml import PlainYAMLError
from icl_bench.specs.schema import PlacedError, UnknownKeyError

PACKAGE = Path(icl_bench.__file__).parent
CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, ICLBenchError)
}
HOLE = "\0"  # what is filled in when the error is raised


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_an_error_survives_the_way_between_processes(kind: type[ICLBenchError]) -> None:
    arguments = (
        ("task", "parity", ["sparse_parity"]) if kind is UnknownNameError else ("it is wrong; mend it",)
    )
    error = kind(*arguments, code="some-code")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again), again.code, again.exit_code) == (
        *(kind, str(error), "some-code", kind.exit_code),
    )


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (SystemError("error return without exception set"), True),
        (SystemError("<function _find_and_load at 0x7f> returned NULL without setting an exception"), True),
        (SystemError("unknown opcode"), False),
        (RuntimeError("expected scalar type Float"), False),
        (KeyError("memory"), False),
    ],
)
def test_failed_allocations_are_known_by_all_their_names(error: Exception, is_memory: bool) -> None:
    assert says_no_memory(error) is is_memory


@pytest.mark.parametrize(
    "error",
    [
        UnknownKeyError("heads", ["head"]),
        PlacedError(("layers", 0), "it does not fit", "does-not-fit"),
        PlainYAMLError("not YAML", 3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_fault_of_a_file_survives_it_too(error: Exception) -> None:
    """Processes that read many files send it."""
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert isinstance(again, ValueError)  # what pydantic turns into a fault at its place


def literal(node: ast.expr) -> str:
    """The text of a message as it is written, with a mark where something is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return literal(node.left) + literal(node.right)
    return HOLE


def messages() -> list[tuple[str, str]]:
    """Every message that is written where an error is made, and where."""
    raised = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args
            if is_call and node.func.id in CLASSES.keys() - {"UnknownNameError"}:
                raised.append((f"{path.relative_to(PACKAGE)}:{node.lineno}", literal(node.args[0])))
    return raised


def test_every_message_names_the_fault_and_then_the_remedy() -> None:
    """A message that ends in what is filled in is judged where those words are written."""
    written = [(place, text) for place, text in messages() if not text.endswith(f": {HOLE}")]
    written = [(place, text) for place, text in written if text.replace(HOLE, "").strip(" :;(),")]
    assert len(written) > 250
    lacking = [f"{place}: {text}" for place, text in written if "; " not in text]
    assert [text.replace(HOLE, "…") for text in lacking] == []


def codes() -> dict[str, set[str]]:
    """Every code that is written in the package, and the classes of errors that are given it."""
    written = {error.code: {name} for name, error in CLASSES.items() if "code" in vars(error)}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CLASSES
            for keyword in node.keywords if made else []:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    written.setdefault(keyword.value.value, set()).add(node.func.id)
    return written


def test_every_class_has_a_code_of_its_own() -> None:
    own = {error.code for error in CLASSES.values()}
    assert len(own) == len(CLASSES) - 1  # that of UnknownNameError is of the kind of name


def test_every_code_is_kebab_case() -> None:
    assert [code for code in codes() if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)] == []


def test_a_code_is_of_one_class_of_errors() -> None:
    """One that holds all the others, where a finer class raises it too."""
    for code, names in codes().items():
        classes = [CLASSES[name] for name in names]
        assert any(all(issubclass(other, error) for other in classes) for error in classes), code


def test_every_code_is_asserted_by_a_test() -> None:
    """Else nothing would notice that it is given to another fault."""
    own = {error.code for error in CLASSES.values()}
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    assert [code for code in codes() if code not in own and f'"{code}"' not in tests] == []


@pytest.mark.parametrize("error", CLASSES.values(), ids=CLASSES)
def test_a_code_may_be_given_in_place_of_that_of_the_class(error) -> None:
    arguments = ("task", "x", ["y"]) if error is UnknownNameError else ("message",)
    assert error(*arguments, code="no-common-task").code == "no-common-task"
    assert error(*arguments).code != "no-common-task"


@pytest.mark.parametrize("kind", ["model", "task", "kind of entry"])
def test_an_unknown_name_tells_its_kind_by_its_code(kind) -> None:
    assert UnknownNameError(kind, "x", ["y"]).code == f"unknown-{kind.replace(' ', '-')}"


def test_a_broken_rule_is_the_code() -> None:
    with raises(CheckError, "causality") as caught:
        icl_bench.evaluate(lambda xs, ys: ys, "mini", ["linear_regression"])
    assert caught.value.exit_code == 1
