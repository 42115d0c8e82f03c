"""Plays uv in the jobs of the workflows, without a network: environments see the libraries of this one.

A command, an option or a requirement that no workflow gives to uv is refused, as uv refuses what it does not
know. Building and installing a wheel are real; a wheel is built from the sdist, as uv does it.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
from importlib.metadata import version
from pathlib import Path

LINTERS = ("ruff", "mypy", "actionlint", "shellcheck")  # they run over a whole checkout in other tests


def main() -> None:
    """One call of uv."""
    given = arguments()
    {
        "venv": make_environment,
        "pip install": install,
        "pip freeze": lambda given: print("numpy==2.1"),
        "build": build,
        "version": lambda given: print(project()["version"]),
        "publish": publish,
        "python install": lambda given: None,
        "python find": lambda given: print(sys.executable),
    }[f"{given.command} {getattr(given, 'second', '')}".strip()](given)


def arguments() -> argparse.Namespace:
    """What uv was given; an exit with 2 where no workflow gives it that."""
    parser = argparse.ArgumentParser(prog="uv", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    venv = commands.add_parser("venv")
    venv.add_argument("--python", required=True)
    venv.add_argument("folder", nargs="?", type=Path, default=Path(".venv"))
    pip = commands.add_parser("pip").add_subparsers(dest="second", required=True)
    installs = pip.add_parser("install")
    installs.add_argument("--quiet", action="store_true")
    installs.add_argument("--torch-backend", choices=["cpu"], required=True)
    installs.add_argument("--resolution", choices=["lowest-direct"])
    for option in ("--constraints", "--build-constraints"):
        installs.add_argument(option, type=readable)
    installs.add_argument("--editable")
    installs.add_argument("wanted", nargs="*")
    pip.add_parser("freeze").add_argument("--exclude-editable", action="store_true", required=True)
    builds = commands.add_parser("build")
    builds.add_argument("--build-constraints", type=readable, required=True)
    builds.add_argument("--out-dir", type=Path, default=Path("dist"))
    commands.add_parser("version").add_argument("--short", action="store_true", required=True)
    commands.add_parser("publish").add_argument("--trusted-publishing", choices=["always"], required=True)
    python = commands.add_parser("python").add_subparsers(dest="second", required=True)
    for name in ("install", "find"):
        python.add_parser(name).add_argument("version")
    return parser.parse_args()


def readable(name: str) -> Path:
    """A file that is there."""
    Path(name).read_text(encoding="utf-8")
    return Path(name)


def project() -> dict[str, str]:
    """What pyproject.toml says of the package in this folder."""
    return tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]


def make_environment(given: argparse.Namespace) -> None:
    """An environment without packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", given.folder], check=True)


def install(given: argparse.Namespace) -> None:
    """Into VIRTUAL_ENV or .venv: a checkout, a wheel, or what is installed here already."""
    environment = Path(os.environ.get("VIRTUAL_ENV", ".venv"))
    (site,) = environment.glob("lib/python*/site-packages")
    places = [sysconfig.get_path("purelib")]
    if given.editable is not None:
        extras = given.editable.removeprefix(".").strip("[]").split(",")
        assert set(extras) <= {"", "cluster", "plot", "text", "test"}, given.editable
        places.insert(0, f"{Path.cwd()}/benchmark")
        write_program(environment, "icl-bench", "from icl_bench.cli import app\napp()\n")
        if "test" in extras:
            for name in LINTERS:
                write_program(environment, name, f"import sys\nprint('{name}', *sys.argv[1:])\n")
    for name in given.wanted:
        if name.endswith(".whl"):
            pip = [sys.executable, "-m", "pip", "--quiet", "--python", environment / "bin/python"]
            subprocess.run([*pip, "install", "--no-deps", "--no-index", name], check=True)
        else:
            version(name)
    # a plain path line: .pth files in that folder are not read, an editable install among them
    (site / "libraries.pth").write_text("\n".join(places) + "\n", encoding="utf-8")


def write_program(environment: Path, name: str, code: str) -> None:
    """An executable of an environment."""
    program = environment / "bin" / name
    program.write_text(f"#!{environment.absolute()}/bin/python\n{code}", encoding="utf-8")
    program.chmod(0o755)


def build(given: argparse.Namespace) -> None:
    """An sdist of the checkout in this folder, and a wheel of the sdist."""
    hatchling = [sys.executable, "-m", "hatchling", "build", "--directory", given.out_dir.absolute()]
    subprocess.run([*hatchling, "--target", "sdist"], check=True)
    (sdist,) = given.out_dir.glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        (unpacked,) = Path(folder).iterdir()
        subprocess.run([*hatchling, "--target", "wheel"], cwd=unpacked, check=True)


def publish(given: argparse.Namespace) -> None:
    """Say what would be published: the files of dist."""
    print("published", *sorted(path.name for path in Path("dist").iterdir()))


if __name__ == "__main__":
    main()
