"""What a submission says of its model: as given, as said before, or as on the model's card."""

from collections.abc import Mapping
from typing import Any

from huggingface_hub import ModelCardData, constants

from icl_bench.errors import InputError, SpecError
from icl_bench.models.hub_client import repository_info
from icl_bench.specs.licences import LICENCES
from icl_bench.specs.schema import all_faults
from icl_bench.specs.submission import Submission
from icl_bench.submissions.submission_place import SubmissionPlace

FACTS = ("licence", "authors", "links", "training_data", "description", "division")
REQUIRED = {"licence": "--licence", "authors": "--author", "training_data": "--training-data"}


def gather_facts(
    model: str, revision: str | None, options: Mapping[str, Any], place: SubmissionPlace
) -> dict[str, Any]:
    """The facts of a model: as given, else as in the submission that exists; the licence else as on the
    Hub's card. InputError names every option that is still needed, SpecError what cannot be said."""
    before = place.submission.to_dict() if place.submission else {}
    facts = {key: options.get(key) or before.get(key) for key in FACTS}
    facts["links"] = {**before.get("links", {}), **options.get("links", {})}
    facts["confirmed_by"] = options.get("confirmed_by")  # that of before was of the runs of before
    note = ""
    if not facts["licence"]:
        licence = card_licence(model, revision)
        if licence and licence.lower() in LICENCES:
            facts["licence"] = licence
        elif licence:
            note = f" (the card's licence {licence!r:.40} is not among the SPDX identifiers of submissions)"
    missing = [option for key, option in REQUIRED.items() if not facts[key]]
    if missing:
        raise InputError(f"a submission says more of {model} than is known; give {', '.join(missing)}{note}")
    known = {key: value for key, value in facts.items() if value}
    for (key, *_), fault in all_faults(Submission, known)[1]:
        if key in known:
            raise SpecError(f"{place.file}: {fault}")
    return known


def card_licence(model: str, revision: str | None = None) -> str | None:
    """The licence in the metadata of a model's card on the Hub; None where there is none, or no network."""
    if constants.HF_HUB_OFFLINE:
        return None
    card = repository_info(model, revision).card_data
    licence = card.get("license") if isinstance(card, ModelCardData) else None
    return licence if isinstance(licence, str) else None
