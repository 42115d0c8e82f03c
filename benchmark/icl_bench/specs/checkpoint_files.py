"""Where the checkpoints of a folder or a Hub repository lie: one at its root, or one folder a task."""

from collections.abc import Collection, Sequence

from icl_bench.errors import CheckpointError, InputError
from icl_bench.specs.text import shown

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
CHECKPOINT_FILES = (CONFIG_FILE, WEIGHTS_FILE)
ROOT = ""

_LONGEST_NAME = 100  # characters that are shown
_PICKLE_ENDINGS = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt")


def place_file(place: str, name: str) -> str:
    """The path of a file in a place (ROOT or a task's folder), with forward slashes."""
    return f"{place}/{name}" if place else name


def find_places(files: Collection[str], tasks: Sequence[str], where: str) -> list[str]:
    """Which of the root and the tasks' folders hold a checkpoint, given the relative paths of all files.

    InputError where none does, or where both the root and a folder do; CheckpointError where a config has no
    `model.safetensors` beside it, or a pickle.
    """
    places = [place for place in (ROOT, *tasks) if place_file(place, CONFIG_FILE) in files]
    for place in places:
        if place_file(place, WEIGHTS_FILE) not in files:
            raise no_weights(files, place, where)
    if ROOT in places and len(places) > 1:
        raise InputError(
            f"{where} holds a checkpoint at its root and one in {places[1]}/; "
            "keep either the root's or a folder a task",
            code="several-checkpoints",
        )
    if not places:
        folders = f", nor a folder named after a task ({', '.join(tasks)})" if tasks else ""
        raise InputError(
            f"{where} holds no checkpoint: no {CONFIG_FILE} and {WEIGHTS_FILE} at its root{folders}; "
            "name another folder",
            code="no-checkpoint",
        )
    return places


def _plain(name: str) -> str:
    """A file's name, which a stranger gave it, as it may be shown."""
    return name if name.isprintable() and len(name) <= _LONGEST_NAME else shown(name, _LONGEST_NAME)


def no_weights(files: Collection[str], place: str, where: str) -> CheckpointError:
    """The error for a place without `model.safetensors`: a pickle, shards or nothing lies there."""
    beside = [
        file[len(place) + 1 if place else 0 :] for file in files if file.startswith(place_file(place, ""))
    ]
    folder = f"{where}/{place}" if place else where
    pickles = sorted(name for name in beside if "/" not in name and name.endswith(_PICKLE_ENDINGS))
    if pickles:
        return CheckpointError(
            f"{folder} holds {_plain(pickles[0])}, a pickle, which could run code and is never loaded; "
            f"save the model as {WEIGHTS_FILE}",
            code="pickle",
        )
    if f"{WEIGHTS_FILE}.index.json" in beside:
        return CheckpointError(
            f"the weights in {folder} are split into shards; save them as one {WEIGHTS_FILE}", code="shards"
        )
    return CheckpointError(
        f"{folder} holds no {WEIGHTS_FILE}; save the checkpoint again", code="no-weights-file"
    )
