"""The workflow files, read as data."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.stem for path in FOLDER.iterdir())


@dataclass(frozen=True)
class Step:
    """One step, and where it stands."""

    workflow: str
    job: str
    content: dict[str, Any]

    @property
    def run(self) -> str:
        """Its shell lines; empty where it uses an action."""
        return str(self.content.get("run", ""))

    @property
    def action(self) -> str:
        """The action that it uses, without its commit; empty where it runs shell lines."""
        return str(self.content.get("uses", "")).partition("@")[0]

    def __str__(self) -> str:
        return f"{self.workflow}/{self.job}/{self.content.get('name', self.action)}"


def load(name: str) -> dict[str, Any]:
    """A workflow. Its triggers are under `on`, which YAML 1.1 reads as true."""
    workflow = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in workflow.items()}


WORKFLOWS = {name: load(name) for name in NAMES}


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every job: its workflow's name, its own, and itself."""
    for name, workflow in WORKFLOWS.items():
        for job, content in workflow["jobs"].items():
            yield name, job, content


def steps() -> Iterator[Step]:
    """Every step of every job."""
    for name, job, content in jobs():
        for step in content.get("steps", []):
            yield Step(name, job, step)


def strings(value: Any) -> Iterator[str]:
    """Every string in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def expressions(text: str) -> list[str]:
    """What stands in `${{ }}`."""
    return [match.strip() for match in re.findall(r"\$\{\{(.*?)\}\}", text, flags=re.DOTALL)]
