"""Runs the jobs of a workflow on this machine, step by step, as a runner would: for tests of whole chains.

Shell steps run as they stand. Actions are played: a checkout is a fetch of as many commits from a bare
repository, an artifact is a copied folder. Of programs, `uv` installs nothing (the checkout's code runs with
this environment's libraries) and `docker` runs its command here, with the variables that it was given.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workflow_files import WORKFLOWS

PROGRAMS = {
    "uv": f"""#!/bin/sh -e
[ "$1" = venv ] || exit 0
{sys.executable} -m venv --without-pip .venv
site=$(echo .venv/lib/python*/site-packages)
printf '%s\\n' "$PWD/benchmark" {sysconfig.get_path("purelib")} > "$site/checkout.pth"
printf '#!%s/.venv/bin/python\\nfrom icl_bench.cli import app\\napp()\\n' "$PWD" > .venv/bin/icl-bench
chmod +x .venv/bin/icl-bench
""",
    "docker": """#!/bin/bash -e
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
""",
}


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
        runner.known |= {f"inputs.{name}": value for name, value in inputs.items()}
        for name, outputs in (needs or {}).items():
            runner.known |= {f"needs.{name}.outputs.{key}": value for key, value in outputs.items()}
        for step in content["steps"]:
            runner.step(step)
        return {name: runner.filled(value) for name, value in content.get("outputs", {}).items()}


class _Job:
    def __init__(self, run: LocalRunner, folder: Path, content: dict[str, Any]) -> None:
        self.run, self.folder, self.content = run, folder, content
        self.workspace, self.temporary = folder / "workspace", folder / "temporary"
        self.artifacts = run.folder / "artifacts"
        self.workspace.mkdir(parents=True)
        self.temporary.mkdir()
        programs = folder / "programs"
        programs.mkdir()
        for name, text in PROGRAMS.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.known = {f"github.{name}": value for name, value in run.github.items()}
        self.known |= {"github.token": "token", "runner.temp": str(self.temporary)}
        self.variables = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_SHA": run.github["sha"],
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "Somebody/icl-bench",
            "GITHUB_REPOSITORY_OWNER": "Somebody",
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(run.folder / "summary.md"),
        }

    def filled(self, text: Any) -> str:
        """A value with its expressions worked out; those of another event are empty."""
        return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda match: self.known.get(match[1], ""), str(text))

    def step(self, step: dict[str, Any]) -> None:
        place = self.workspace / self.filled(step.get("working-directory", ""))
        if step.get("name") in self.run.before:
            self.run.before[step["name"]](place)
        if "run" in step:
            self.shell(step, place)
        else:
            inputs = {name: self.filled(value) for name, value in step.get("with", {}).items()}
            self.action(step["uses"].partition("@")[0], inputs)

    def shell(self, step: dict[str, Any], place: Path) -> None:
        own = {**self.content.get("env", {}), **step.get("env", {})}
        variables = self.variables | self.run.environment | {k: self.filled(v) for k, v in own.items()}
        (self.folder / "output").write_text("")
        script = self.folder / "script"
        script.write_text(step["run"])
        with (self.folder / "log").open("w+") as log:
            bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
            done = subprocess.run(bash, cwd=place, env=variables, stdout=log, stderr=log, check=False)
            log.seek(0)
            self.run.log += f"--- {step.get('name')}\n{log.read()}"
        assert done.returncode == 0, self.run.log
        for line in (self.folder / "output").read_text().splitlines():
            name, _, value = line.partition("=")
            self.known[f"steps.{step['id']}.outputs.{name}"] = value

    def action(self, name: str, inputs: dict[str, str]) -> None:
        if name == "actions/checkout":
            self.check_out(self.workspace / inputs.get("path", ""), inputs)
        elif name == "actions/upload-artifact":
            files = (
                sorted(self.workspace.glob(inputs["path"]))
                if "*" in inputs["path"]
                else [self.workspace / inputs["path"]]
            )
            assert files, f"nothing to hand over: {inputs['path']}"
            for file in files:
                if file.is_dir():
                    shutil.copytree(file, self.artifacts / inputs["name"])
                else:
                    (self.artifacts / inputs["name"]).mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, self.artifacts / inputs["name"])
        elif name == "actions/download-artifact":
            shutil.copytree(self.artifacts / inputs["name"], self.workspace / inputs["path"], symlinks=True)
        else:
            assert name in ("astral-sh/setup-uv", "actions/upload-pages-artifact"), name

    def check_out(self, place: Path, inputs: dict[str, str]) -> None:
        ref = inputs.get("ref") or self.run.github.get("ref", self.run.github["sha"])
        depth = inputs.get("fetch-depth", "1")
        git(place.parent, "init", "--quiet", "--initial-branch", "main", str(place))
        borrowed = place / ".git/objects/info/alternates"  # so that nothing is packed and sent
        borrowed.write_text(f"{self.run.origin / 'objects'}\n")
        git(place, "remote", "add", "origin", self.run.origin.as_uri())
        git(place, "fetch", "--quiet", *(() if depth == "0" else ("--depth", depth)), "origin", ref)
        git(place, "checkout", "--quiet", "-B", "main", "FETCH_HEAD")


def git(folder: Path, *arguments: str) -> str:
    """What git prints, as somebody without settings of their own."""
    who = [f"GIT_{role}_{what}=a" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
    alone = dict(pair.split("=") for pair in who) | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | alone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
