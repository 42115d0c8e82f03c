"""Checkpoints pushed to the Hub by huggingface_hub's own client."""

from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi, constants

from icl_bench.errors import InputError
from icl_bench.models.checkpoint import check_checkpoint
from icl_bench.models.hub_client import hub_errors
from icl_bench.specs.checkpoint_files import CONFIG_FILE, WEIGHTS_FILE

CARD_FILES = ("README.md", "*/README.md", ".eval_results/*.yaml")  # of a folder that is pushed


def push(
    folder: Path,
    repo: str,
    private: bool | None = None,
    message: str = "Add checkpoints",
    card: Mapping[str, str] | None = None,
) -> str:
    """Push a folder of checkpoints (one at its root, or one folder a task) in one commit; its URL.

    Every checkpoint is checked first (CheckpointError). The repository is made where there is none. `card` is
    the text of the model card's files by their paths; None stands for those that lie in the folder. A single
    model in memory is pushed by its own `push_to_hub`.
    """
    configs = sorted([*folder.glob(CONFIG_FILE), *folder.glob(f"*/{CONFIG_FILE}")])
    if not configs:
        raise InputError(
            f"{folder} holds no {CONFIG_FILE}, nor do its folders; name a folder of checkpoints",
            code="no-checkpoint",
        )
    for config in configs:
        check_checkpoint(config.parent)
    paths = [path for config in configs for path in (config, config.with_name(WEIGHTS_FILE))]
    if card is None:
        paths += [path for pattern in CARD_FILES for path in sorted(folder.glob(pattern))]
    files: dict[str, str | bytes] = {path.relative_to(folder).as_posix(): str(path) for path in paths}
    files |= {path: text.encode() for path, text in (card or {}).items()}
    with hub_errors(repo, constants.DEFAULT_REVISION, pushing=True):
        api = HfApi()
        api.create_repo(repo, private=private, exist_ok=True)
        additions = [CommitOperationAdd(path, content) for path, content in files.items()]
        return str(api.create_commit(repo, additions, commit_message=message).commit_url)
