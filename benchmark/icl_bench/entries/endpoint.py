"""Models that a server answers for: `evaluate MODEL --endpoint URL`, on suites that are asked in text."""

from typing import TYPE_CHECKING, ClassVar, Literal

from icl_bench.entries.base import ENTRY_KINDS, EntryKind, TaskPredictor
from icl_bench.errors import InputError
from icl_bench.predictor import Missing
from icl_bench.specs.result import MAX_SHOWN, ModelIdentity
from icl_bench.specs.suite import TaskSpec
from icl_bench.specs.text import shown, text_fault
from icl_bench.suites import Suite

if TYPE_CHECKING:
    from icl_bench.text.completions import Limits


@ENTRY_KINDS.register
class EndpointKind(EntryKind):
    """Its name is the server's, and means something there alone: without --endpoint none is of this kind."""

    type: Literal["endpoint"] = "endpoint"
    place: ClassVar[int] = 8
    shown_as: ClassVar[str] = "served model"
    names: ClassVar[str] = "whatever the server of --endpoint calls it"
    trained: ClassVar[bool] = False
    remote: ClassVar[bool] = True

    def recognises(self, name: str) -> bool:
        """No name is of this kind."""
        return False


class EndpointSource:
    """One model of a server. Where it is served is not recorded."""

    def __init__(self, model: str, url: str, suite: Suite, limits: "Limits | None" = None) -> None:
        """InputError where the suite is not asked in text, or the name cannot be recorded; ServerError where
        the address is none, StorageError where answers cannot be kept."""
        from icl_bench.text.completions import CompletionsClient
        from icl_bench.text.endpoint_predictor import EndpointPredictor
        from icl_bench.text.kept_answers import KeptAnswers, answers_path

        if suite.spec.asked_in != "text":
            raise InputError(
                f"{suite.name} is asked in numbers and --endpoint is of models that read text; choose "
                "--suite text-boolean",
                code="asked-in-numbers",
            )
        if fault := text_fault(model, MAX_SHOWN):
            fault = f"its name {shown(model)} {fault}"
            raise InputError(f"the model cannot be recorded: {fault}", code="unprintable-name")
        client = CompletionsClient(url, model, limits)
        self._kept = KeptAnswers(answers_path(client.address, model, suite.hash))
        self._predictor = EndpointPredictor(client, self._kept)
        self.identity = ModelIdentity(kind="endpoint", id=model, revision=None)

    @property
    def device(self) -> str:
        """That of a server, wherever it is."""
        return self._predictor.device

    @property
    def resumed(self) -> str | None:
        """What is known from an interrupted evaluation, as a line; None where nothing is."""
        if not self._kept.resumed:
            return None
        return (
            f"prompts answered before, which are not asked again: {self._kept.resumed:,}; delete "
            f"{self._kept.path} to ask them anew"
        )

    def task_predictor(self, task: TaskSpec) -> TaskPredictor | Missing:
        """The same for every task; checks would ask more of the server, and are left out."""
        return TaskPredictor(self._predictor, in_text=True, checked_prompts=0)

    def forget(self) -> None:
        """Forget the answers, once the evaluation that they were kept for is done."""
        self._kept.forget()


def open_endpoint(
    model: str,
    url: str,
    suite: Suite,
    revision: str | None = None,
    device: str | None = None,
    loops: int | None = None,
) -> EndpointSource:
    """The source of a served model; InputError where an option does not apply to it, else as the source."""
    for option, value in (("--revision", revision), ("--device", device), ("--loops", loops)):
        if value is not None:
            raise InputError(
                f"{option} is of models that are loaded here, and --endpoint of one that is served; leave "
                f"out {option}",
                code="not-of-endpoints",
            )
    return EndpointSource(model, url, suite)
