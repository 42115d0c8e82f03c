"""What a Python object does on prompts that were drawn when it was evaluated, in its record."""

from pydantic import model_validator

from icl_bench.specs.estimate import Count, Estimate, SquaredError
from icl_bench.specs.names import Commit
from icl_bench.specs.schema import Strict


class FreshCheck(Strict):
    """One task. Errors are as in the record: a prompt's, summed over the scored context lengths."""

    seed: (
        Commit  # 40 hexadecimal digits, drawn at random: the prompts are the stream `suite/task/fresh/<seed>`
    )
    prompts: Count
    prompt_errors: list[SquaredError]
    gap: Estimate  # by how much its optimality is lower here than on the frozen prompts

    @model_validator(mode="after")
    def _lengths_agree(self) -> "FreshCheck":
        if len(self.prompt_errors) != self.prompts:
            raise ValueError(f"{len(self.prompt_errors)} prompt_errors for {self.prompts} prompts")
        return self
