"""What suites and tasks may be called, for every schema that names one."""

from typing import Annotated

from pydantic import Field

TASK_NAME = r"[a-z][a-z0-9_]{0,63}"
SUITE_NAME = r"[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*-v[0-9]+"  # words and a version, as mini-shifts-v1

TaskName = Annotated[str, Field(pattern=rf"^{TASK_NAME}$")]
SuiteName = Annotated[str, Field(pattern=rf"^{SUITE_NAME}$", max_length=64)]
FullTaskName = Annotated[str, Field(pattern=rf"^{SUITE_NAME}/{TASK_NAME}$", max_length=129)]  # SUITE/TASK
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
