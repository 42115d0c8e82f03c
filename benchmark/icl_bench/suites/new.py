"""A suite of one's own, made from the tasks of another: other sizes, other points, shifts of the inputs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from icl_bench.errors import InputError
from icl_bench.files import cannot_write, whole_folder, write_text
from icl_bench.resources import own_suites_folder, specs_folder
from icl_bench.specs.plain_yaml import PlainYAMLError, dump_plain, load_plain
from icl_bench.specs.recipe import RECIPE_FILE
from icl_bench.specs.schema import parse, read_yaml
from icl_bench.specs.suite import SuiteSpec, TaskSpec
from icl_bench.suites.catalogue import Suite, chosen_tasks, load_suite, suite_names
from icl_bench.suites.lock import lock_suite

TASK_KEYS = (
    "points",
    "scored",
    "baseline",
    "exact",
    "shift",
)  # that may be changed, beside the class's sizes

Changes = Mapping[str, Any]  # by KEY, of every task, or TASK.KEY


def new_suite(
    name: str,
    base: str = "mini",
    *,
    tasks: Sequence[str] | None = None,
    changes: Changes | None = None,
    prompts: int | None = None,
) -> Suite:
    """Make and lock a suite in the folder of one's own suites, which `ICL_BENCH_SUITES` names.

    A task that is changed has prompts of its own. Where x and y keep their sizes it is a variant of the
    base's task, whose checkpoints answer it; else it is trained for itself, and the suite comes with the
    base's recipe and the specs of its references. A task that is not changed is that of the base: its
    prompts, frozen errors and records. Compute what scores rest on by `icl-bench baselines compute NAME`.

    Args:
        name: of the suite with its version, as `longer-v1`.
        base: the suite whose tasks it has.
        tasks: of those, by name; all unless given.
        changes: by KEY (of every chosen task that has it) or TASK.KEY, its value: a size of the function
            class, `points` (examples a prompt), `scored` ("all", "last" or a list of context lengths),
            `shift`, or the predictors `baseline` and `exact`.
        prompts: of each task; the base's number unless given. Another one makes every task one of its own.

    Raises InputError where there is no folder for it, the name is taken, or a key is of no task; SpecError
    where the tasks cannot be as they would be; StorageError where the folder cannot be written.

    >>> suite = icl_bench.new_suite("longer-v1", changes={"points": 31})  # doctest: +SKIP
    >>> suite.task("decision_tree").trained_as  # doctest: +SKIP
    'mini-v1/decision_tree'
    """
    folder, source = own_suites_folder(), load_suite(base)
    if folder is None:
        raise InputError(
            "no folder for suites of your own; name one by --suites or ICL_BENCH_SUITES",
            code="no-suites-folder",
        )
    if name in suite_names() or (folder / name).exists():
        raise InputError(
            f"there is a suite {name} already; choose another name or version", code="suite-there"
        )
    chosen = chosen_tasks(source, tasks)
    by_task = _changes_by_task(source, chosen, changes or {})
    spec = parse(SuiteSpec, _suite_values(name, source, chosen, by_task, prompts), f"suite {name}")
    own = {task: _task(source, task, by_task[task]) for task in chosen if task in spec.tasks}
    _write(folder / name, spec, own, source)
    suite = load_suite(name)
    lock_suite(suite)
    return suite


def parse_setting(text: str) -> tuple[str, Any]:
    """The key and value of `KEY=VALUE`; InputError where it is not one."""
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise InputError(f"{text!r:.80} is not KEY=VALUE; write for example points=31", code="not-key-value")
    try:
        return key, load_plain(value.encode())
    except PlainYAMLError as error:
        raise InputError(
            f"{key}: {error}; write a number, a word or a mapping", code="not-key-value"
        ) from None


def _changes_by_task(source: Suite, chosen: Sequence[str], changes: Changes) -> dict[str, dict[str, Any]]:
    by_task: dict[str, dict[str, Any]] = {task: {} for task in chosen}
    for full, value in sorted(changes.items(), key=lambda change: "." in change[0]):  # of one task: the last
        task, dot, key = full.rpartition(".")
        if dot:
            source.task(task)
        concerned = [task] if dot else [name for name in chosen if key in _keys(source.tasks[name])]
        if not concerned or any(
            name not in by_task or key not in _keys(source.tasks[name]) for name in concerned
        ):
            known = sorted({key for name in chosen for key in _keys(source.tasks[name])})
            raise InputError(
                f"{full} is no key of the chosen tasks; write KEY=VALUE or TASK.KEY=VALUE with KEY one of "
                f"{', '.join(known)}",
                code="no-such-key",
            )
        if key in ("baseline", "exact") and value == "zero":
            raise InputError(
                f"{full} is zero, which scores are measured from; name another baseline", code="zero-anchor"
            )
        for name in concerned:
            by_task[name][key] = value
    return by_task


def _keys(task: TaskSpec) -> list[str]:
    sizes = [key for key in type(task.function_class).model_fields if key != "type"]
    return [*TASK_KEYS, *sizes]


def _suite_values(
    name: str, source: Suite, chosen: Sequence[str], by_task: Mapping[str, Any], prompts: int | None
) -> dict[str, Any]:
    other_prompts = prompts is not None and prompts != source.spec.prompts
    own = {task for task in chosen if by_task[task] or other_prompts}
    described = [
        f"{task}: " + (", ".join(f"{key} {value}" for key, value in by_task[task].items()) or "other prompts")
        for task in chosen
        if task in own
    ]
    return {
        "schema": 1,
        "name": name,
        "summary": f"Tasks of {source.name}, changed.",
        "prompts": source.spec.prompts if prompts is None else prompts,
        "resamples": source.spec.resamples,
        "tasks": [task if task in own else source.full_name(task) for task in chosen],
        "notes": f"Made from {source.name}. {'; '.join(described) or 'Nothing is changed'}.",
    }


def _task(source: Suite, name: str, changes: Changes) -> TaskSpec:
    """The task with its changes, a variant of the base's where x and y keep their sizes."""
    base = source.tasks[name]
    values = base.model_dump(by_alias=True)
    for key, value in changes.items():
        (values if key in TASK_KEYS else values["function_class"])[key] = value
    task = parse(TaskSpec, values, f"task {name}")
    if changes.keys() & {"shift", "exact"} or not _scored_within(task, base):
        note = f"Best known. Not shown to be exact with what is changed of {source.full_name(name)}."
        task = task.model_copy(update={"exact_note": note})
    sizes = [(spec.function_class.d, spec.function_class.k) for spec in (base, task)]
    trained_as = source.trained_as(name) if sizes[0] == sizes[1] else None
    return task.model_copy(update={"trained_as": trained_as})


def _scored_within(task: TaskSpec, base: TaskSpec) -> bool:
    """Whether no point is scored of which the base does not say whether its predictor is exact there."""
    if base.scored_points.every or task.scored == base.scored:
        return True
    return set(task.scored_points.positions) <= set(base.scored_points.positions)


def _write(folder: Path, spec: SuiteSpec, tasks: Mapping[str, TaskSpec], source: Suite) -> None:
    texts = {"suite.yaml": dump_plain(spec.model_dump(by_alias=True), width=110)}
    for name, task in tasks.items():
        values = {
            key: value for key, value in task.model_dump(by_alias=True).items() if value not in (None, {})
        }
        texts[f"{name}.yaml"] = dump_plain(values, width=110)
    trained = [name for name, task in tasks.items() if task.trained_as is None]
    if trained and (source.folder / RECIPE_FILE).is_file():
        recipe = read_yaml(source.folder / RECIPE_FILE)
        own = {name: changes for name, changes in recipe["tasks"].items() if name in trained}
        texts[RECIPE_FILE] = dump_plain(recipe | {"tasks": own}, width=110)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    longest = max((tasks[name].tokens for name in trained), default=0)
    specs = sorted(specs_folder(source.name).glob("*.yaml")) if trained else []
    with whole_folder(folder) as part:
        for file, text in texts.items():
            write_text(part / file, text)
        for spec_file in specs:
            (part / "specs").mkdir(exist_ok=True)
            write_text(part / "specs" / spec_file.name, _spec_for(spec_file, longest))


def _spec_for(file: Path, tokens: int) -> str:
    """A reference's spec, with as many learned positions as the prompts have tokens."""
    spec = read_yaml(file)
    if isinstance(spec["positions"], dict):
        spec["positions"]["max_tokens"] = max(spec["positions"]["max_tokens"], tokens)
    return dump_plain(spec, default_flow_style=None, width=110)
