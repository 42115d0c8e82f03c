"""Types of the names of suites and tasks, for every schema that holds one."""

from typing import Annotated

from pydantic import Field

from icl_bench.specs.run_names import SUITE_NAME, TASK_NAME

TaskName = Annotated[str, Field(pattern=rf"^{TASK_NAME}$")]
SuiteName = Annotated[str, Field(pattern=rf"^{SUITE_NAME}$", max_length=64)]
FullTaskName = Annotated[str, Field(pattern=rf"^{SUITE_NAME}/{TASK_NAME}$", max_length=129)]  # SUITE/TASK
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
