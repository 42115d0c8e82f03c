"""Types of names and hashes, for every schema that holds one, and the messages for values that are none."""

import re
from typing import Annotated

from pydantic import Field

from icl_bench.specs.run_names import SUITE_NAME, TASK_NAME

_SPEC, _TASK, _SUITE = r"^[a-z0-9][a-z0-9._-]{0,63}$", rf"^{TASK_NAME}$", rf"^{SUITE_NAME}$"
_FULL_TASK, _SHA256, _COMMIT = rf"^{SUITE_NAME}/{TASK_NAME}$", r"^[0-9a-f]{64}$", r"^[0-9a-f]{40}$"
_KIND = r"^[a-z][a-z_]{0,31}$"
_PACKAGE, _MODULE = r"^[a-z0-9-]+==[0-9.]+$", r"^[a-z0-9_]+$"
_GGUF = r"^[A-Za-z0-9_-][A-Za-z0-9._-]*\.gguf$"

SpecName = Annotated[str, Field(pattern=_SPEC)]
TaskName = Annotated[str, Field(pattern=_TASK)]
SuiteName = Annotated[str, Field(pattern=_SUITE, max_length=64)]
FullTaskName = Annotated[str, Field(pattern=_FULL_TASK, max_length=129)]  # SUITE/TASK
Sha256 = Annotated[str, Field(pattern=_SHA256)]
KindName = Annotated[str, Field(pattern=_KIND)]
Commit = Annotated[str, Field(pattern=_COMMIT)]
PackageVersion = Annotated[str, Field(pattern=_PACKAGE)]
ModuleName = Annotated[str, Field(pattern=_MODULE)]
GGUFName = Annotated[str, Field(pattern=_GGUF)]

PATTERN_WORDS = {
    _SPEC: "write at most 64 small letters (a to z), digits, '.', '_' and '-', the first a letter or digit",
    _TASK: "write at most 64 small letters (a to z), digits and '_', the first a letter",
    _SUITE: "write small letters (a to z) and digits in words, then -v and a number, as mini-v1",
    _FULL_TASK: "write a suite and a task in small letters (a to z), as mini-v1/linear_regression",
    _SHA256: "write the 64 hexadecimal digits of a SHA-256, letters small",
    _KIND: "write small letters (a to z) and '_', as hub",
    _PACKAGE: "write a package of PyPI and its version, as words==1.0",
    _MODULE: "write the folder that a package installs, in small letters (a to z), digits and '_'",
    _GGUF: "write the name of a file that ends in .gguf, without folders",
    _COMMIT: "write the 40 hexadecimal digits of a commit, letters small",
}


def spec_name_fault(name: str) -> str | None:
    """What to write in place of a name that no spec could have; None where it is fine."""
    return None if re.fullmatch(_SPEC, name) else PATTERN_WORDS[_SPEC]
