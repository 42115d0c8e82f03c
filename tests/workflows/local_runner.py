"""Runs the jobs of a workflow on this machine, step by step, as a runner would: for tests of whole chains.

Shell steps run as they stand, in an environment of their own, with a fresh HOME, and without a network where
they need none. Actions are played (`played_actions`), and so are two programs: `uv` (`played_uv`), and
`docker`, which runs its command here with the variables that it was given.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import played_actions
from workflow_files import WORKFLOWS

PLAYED_UV = Path(__file__).with_name("played_uv.py")
DOCKER = """#!/bin/bash -e
case $1 in
  import) cat > /dev/null; echo sha256:image ;;
  run)
    given=(PATH="$PATH")
    while [ "$1" != sha256:image ]; do [ "$1" = --env ] && given+=("$2"); shift; done
    shift
    mkdir -p "$RUNNER_TEMP/home"
    given+=(HOME="$RUNNER_TEMP/home" NUMBA_CACHE_DIR="$RUNNER_TEMP/home")
    exec env --ignore-environment "${given[@]}" "$@" ;;
esac
"""
NETWORK = re.compile(r"submissions fetch|submissions validate")  # steps that ask the Hub
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


@functools.cache
def without_network() -> list[str]:
    """What a command is started with to have no network; nothing where this machine does not permit it."""
    command = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None:
        return []
    done = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if done.returncode == 0 else []


@dataclass
class LocalRunner:
    """Jobs that share a repository, artifacts, and what a run is about."""

    folder: Path
    origin: Path  # a bare repository
    github: dict[str, str]  # sha, base_ref, "event.before", …
    environment: dict[str, str] = field(default_factory=dict)
    before: dict[str, Callable[[Path], Any]] = field(
        default_factory=dict
    )  # a step's name: called with its folder
    log: str = ""

    def run(
        self, workflow: str, job: str, needs: dict[str, dict[str, str]] | None = None, **inputs: str
    ) -> dict[str, str]:
        """Run a job to its end; its outputs. AssertionError, with the log, where a step fails."""
        content = WORKFLOWS[workflow]["jobs"][job]
        runner = _Job(self, self.folder / f"{workflow}-{job}", content)
        runner.given = WORKFLOWS[workflow].get("env", {}) | content.get("env", {})
        runner.known |= {f"inputs.{name}": value for name, value in inputs.items()}
        for name, values in content.get("strategy", {}).get("matrix", {}).items():
            runner.known[f"matrix.{name}"] = values[0]
        for name, outputs in (needs or {}).items():
            runner.known |= {f"needs.{name}.outputs.{key}": value for key, value in outputs.items()}
        for step in content.get("steps", []):
            runner.step(step)
        return {name: runner.filled(value) for name, value in content.get("outputs", {}).items()}


class _Job:
    def __init__(self, run: LocalRunner, folder: Path, content: dict[str, Any]) -> None:
        self.run, self.folder, self.content = run, folder, content
        self.given: dict[str, str] = {}
        self.workspace, self.temporary = folder / "workspace", folder / "temporary"
        self.workspace.mkdir(parents=True)
        self.temporary.mkdir()
        programs = folder / "programs"
        programs.mkdir()
        played = {"docker": DOCKER, "uv": f"#!{sys.executable}\n{PLAYED_UV.read_text(encoding='utf-8')}"}
        for name, text in played.items():
            (programs / name).write_text(text, encoding="utf-8")
            (programs / name).chmod(0o755)
        self.known = {"github.run_attempt": "1", "github.token": "token", "runner.temp": str(self.temporary)}
        self.known |= {f"github.{name}": value for name, value in run.github.items()}
        elsewhere = [place for place in os.get_exec_path() if not Path(place).is_relative_to(sys.prefix)]
        self.variables = {
            "PATH": ":".join([str(programs), *elsewhere]),
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_SHA": run.github["sha"],
            "GITHUB_REF_NAME": run.github.get("ref_name", "main"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "Somebody/icl-bench",
            "GITHUB_REPOSITORY_OWNER": "Somebody",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(run.folder / "summary.md"),
        }

    def filled(self, text: Any) -> str:
        """A value with its expressions worked out; those of another event are empty."""
        return EXPRESSION.sub(lambda match: self.value(match[1]), str(text))

    def value(self, name: str) -> str:
        """What an expression is; a job, a step or a matrix must have what is asked of it."""
        asked = name.partition(".")[0] in ("needs", "steps", "matrix")
        return self.known[name] if asked else self.known.get(name, "")

    def step(self, step: dict[str, Any]) -> None:
        place = self.workspace / self.filled(step.get("working-directory", ""))
        if step.get("name") in self.run.before:
            self.run.before[step["name"]](place)
        if "run" in step:
            self.shell(step, place)
        else:
            inputs = {name: self.filled(value) for name, value in step.get("with", {}).items()}
            action = step["uses"].partition("@")[0]
            played_actions.play(action, inputs, self.run, self.workspace)

    def shell(self, step: dict[str, Any], place: Path) -> None:
        own = {**self.given, **step.get("env", {})}
        variables = self.variables | self.run.environment | {k: self.filled(v) for k, v in own.items()}
        (self.folder / "output").write_text("")
        script = self.folder / "script"
        script.write_text(step["run"])
        alone = [] if NETWORK.search(step["run"]) else without_network()
        with (self.folder / "log").open("w+") as log:
            bash = [*alone, "bash", "--noprofile", "--norc", "-eo", "pipefail", script]
            done = subprocess.run(bash, cwd=place, env=variables, stdout=log, stderr=log, check=False)
            log.seek(0)
            self.run.log += f"--- {step.get('name')}\n{log.read()}"
        assert done.returncode == 0, self.run.log
        for line in (self.folder / "output").read_text().splitlines():
            name, _, value = line.partition("=")
            self.known[f"steps.{step['id']}.outputs.{name}"] = value
