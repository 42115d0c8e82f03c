"""Language models of the Hub, fetched by the same client and under the same limits as checkpoints.

Only config, tokenizer and `.safetensors` are asked for (`icl_bench.specs.language_model`).
"""

from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache

from icl_bench.models.hub import Snapshot, check_size
from icl_bench.models.hub_cache import (
    cached_file,
    cached_name,
    fetch_whole_file,
    listed_hashes,
    snapshot_folder,
)
from icl_bench.models.hub_client import hub_errors, not_cached, repository_info
from icl_bench.models.hub_names import parse_hub_name
from icl_bench.specs.checkpoint_files import ROOT
from icl_bench.specs.language_model import CONFIG, INDEX, is_read, is_tokenizer, is_weights
from icl_bench.text.config import check_config, check_installed, is_language_model, read_json
from icl_bench.text.memory import BYTES_PER_PARAMETER, check_memory
from icl_bench.text.model_files import check_listing


def fetch_language_model(name: str, revision: str | None = None) -> Snapshot | None:
    """The files of `user/model[@revision]` in the cache; None where the repository holds checkpoints of
    icl-bench, or nothing at all.

    HubError where it cannot be fetched whole. CheckpointError where it lacks a tokenizer or safe weights, is
    of code of its own, or cannot fit into memory: that is said before its weights are fetched.
    """
    repo, revision = parse_hub_name(name, revision)
    revision = revision or constants.DEFAULT_REVISION
    if constants.HF_HUB_OFFLINE:
        return _cached(cached_name(repo), revision)
    info = repository_info(repo, revision)
    repo, commit, hashes = info.id, str(info.sha), listed_hashes(info)
    sizes = {file.rfilename: file.size for file in info.siblings or [] if "/" not in file.rfilename}
    if CONFIG not in sizes:
        return None
    config = fetch_whole_file(repo, CONFIG, revision, commit, hashes.get(CONFIG))
    if not any(map(is_tokenizer, sizes)) and not is_language_model(config):
        return None
    check_listing(repo, sorted(sizes))
    check_installed()
    check_config(repo, config)
    total = check_size(repo, {file: size for file, size in sizes.items() if is_read(file)})
    check_memory(repo, total // BYTES_PER_PARAMETER)  # its parameters at least
    for file in filter(is_read, sizes):
        path = fetch_whole_file(repo, file, revision, commit, hashes.get(file))
    return Snapshot(repo, commit, snapshot_folder(path, file), [ROOT])


def _cached(repo: str, revision: str) -> Snapshot | None:
    """What the cache holds of a repository; HubError where a file is missing or damaged."""
    with hub_errors(repo, revision):
        config = try_to_load_from_cache(repo, CONFIG, revision=revision)
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    held = sorted(path.name for path in folder.iterdir())
    if not any(map(is_tokenizer, held)):
        return None
    if not any(map(is_weights, held)) or (INDEX in held and not _has_shards(folder)):
        raise not_cached(repo, revision)
    for file in filter(is_read, held):
        cached_file(repo, file, folder / file)
    return Snapshot(repo, folder.name, folder, [ROOT])


def _has_shards(folder: Path) -> bool:
    """Whether every file of weights that the index names is there."""
    files = read_json(folder / INDEX).get("weight_map")
    return isinstance(files, dict) and all((folder / str(file)).is_file() for file in files.values())
