"""What a card says, and that the Hub's own classes read the same from it."""

import re
from dataclasses import replace

import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from models.small import saved, small_model

from icl_bench.model_card.card import card_files
from icl_bench.model_card.facts import gather
from icl_bench.models.accounting import account
from icl_bench.scoring.metric import metrics
from icl_bench.specs.architecture import parse_architecture
from icl_bench.views.cells import cells, format_estimate

ENTRIES = ".eval_results/icl-bench-mini-v1.yaml"
COMMIT = "c0" * 20
DATASET = f"org/prompts@{COMMIT}"


def table(card: str, first: str) -> list[list[str]]:
    """The rows of the table whose head begins with that column, without backslashes."""
    lines = card.replace("\\", "").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first} |"))
    end = next(i for i in range(start, len(lines)) if not lines[i].startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:end]]


def test_model_index_has_the_record_numbers(scored, both):
    files = card_files(gather(str(scored.folder), both, name="user/my_model", licence="mit"))
    data = ModelCard(files["README.md"]).data
    assert (data.library_name, data.license, data.model_name) == ("icl-bench", "mit", "user/my_model")
    results = {(result.dataset_config, result.metric_type): result for result in data.eval_results}
    assert len(results) == sum(len(metrics(scored.suite.tasks[task])) for task in scored.records)
    for task, record in scored.records.items():
        for name, metric in metrics(scored.suite.tasks[task]).items():
            estimate, entry = record.tasks[task].estimates[name], results[task, metric.hub_type]
            assert entry.metric_value == estimate.value
            assert entry.metric_args == {"interval": 0.95, "low": estimate.low, "high": estimate.high}
            assert entry.dataset_args["suite_hash"] == scored.suite.hash
            assert entry.dataset_name == f"mini-v1/{task}"


def test_the_hash_of_the_suite_is_that_of_the_record(scored, both):
    """A record of schema 1 names the lock of its time."""
    facts = gather(str(scored.folder), both, dataset=DATASET)
    older = facts.records[0].suite.model_copy(update={"hash": None, "lock_hash": "ab" * 32})
    records = [facts.records[0].model_copy(update={"suite": older}), facts.records[1]]
    files = card_files(replace(facts, records=records))
    assert f"suite hash `{'ab' * 32}, {scored.suite.hash}`" in files["README.md"]
    notes = [entry["notes"] for entry in yaml.safe_load(files[ENTRIES])]
    assert [note[-12:] for note in notes] == ["ab" * 6, scored.suite.hash[:12]]


def test_eval_results_have_the_scores(scored, both):
    source = "https://example.org/results"
    files = card_files(gather(str(scored.folder), both, dataset=DATASET, source=source))
    entries = parse_eval_result_entries(yaml.safe_load(files[ENTRIES]))
    assert {entry.task_id: entry.value for entry in entries} == {
        task: record.tasks[task].score.value for task, record in scored.records.items()
    }
    assert all(
        format_estimate(scored.records[entry.task_id].tasks[entry.task_id].score) in entry.notes
        for entry in entries
    )
    named = {(entry.dataset_id, entry.dataset_revision, entry.source_url) for entry in entries}
    assert named == {("org/prompts", COMMIT, source)}
    index = ModelCard(files["README.md"]).data.eval_results
    assert {(result.dataset_type, result.dataset_revision) for result in index} == {("org/prompts", COMMIT)}


def test_no_dataset_is_invented(scored, both):
    """Entries of `.eval_results` are of a dataset of the Hub; nobody knows it where it is not named."""
    files = card_files(gather(str(scored.folder), both))
    assert set(files) == {"README.md"}
    index = ModelCard(files["README.md"]).data.eval_results
    assert {result.dataset_type for result in index} == {"icl-bench-mini-v1"}
    (entry, *_) = yaml.safe_load(card_files(gather(str(scored.folder), both, dataset="org/prompts"))[ENTRIES])
    assert entry["dataset"] == {"id": "org/prompts", "task_id": "linear_regression"}
    assert "source" not in entry


def test_the_scores_are_the_terminal_ones(scored, both):
    card = card_files(gather(str(scored.folder), both))["README.md"]
    head, _, *rows = table(card, "task")
    assert head == ["task", "error", "of zero", "baseline", "score", "optimality"]
    expected = [cells(task, record.tasks[task]) for task, record in scored.records.items()]
    assert rows == [[*row[:5], row[6]] for row in expected]


def test_the_architecture_is_the_spec(scored):
    card = card_files(gather(str(scored.folder)))["README.md"]
    (block,) = re.findall(r"^```yaml\n(.*?)^```", card, flags=re.MULTILINE | re.DOTALL)
    facts = gather(str(scored.folder))
    spec = facts.checkpoints["sparse_parity"].config.spec
    assert parse_architecture(yaml.safe_load(block), "the card") == spec
    rows = {row[0]: row[1:] for row in table(card.split("Counted from the spec")[1], "task")[2:]}
    for task, numbers in rows.items():
        cost = account(spec, scored.suite.tasks[task])
        counted = (cost.tokens, cost.parameters, cost.state_fixed, cost.state_per_token, cost.flops)
        assert numbers == [f"{value:,}" for value in counted]


def test_the_command_scores_the_same_tasks(scored, both):
    card = card_files(gather(str(scored.folder), both, name="user/my_model"))["README.md"]
    assert (
        "icl-bench evaluate user/my_model --suite mini-v1 --task linear_regression --task sparse_parity"
        in card
    )
    assert "To compute them again:" in card
    record = scored.records["linear_regression"]
    assert f"Scored by icl-bench {record.evaluator.version}" in card
    assert f"torch {record.environment.torch}" in card.replace("`", "")


def test_provenance_and_hashes(scored):
    facts = gather(str(scored.folder))
    card = card_files(facts)["README.md"]
    assert table(card, "tasks")[2:] == [["linear_regression, sparse_parity", "0", "–", "–"]]
    for checkpoint in facts.checkpoints.values():
        assert checkpoint.identity.sha256 in card
    assert "## Licence\n\nNot stated." in card


def test_a_converted_model_says_where_it_comes_from(tmp_path):
    model = small_model("mini-v1/linear_regression", 5)
    model._hub_mixin_config["training"] = {
        "seed": None,
        "recipe": {"steps": 500_000, "optimiser": "adam", "decay": None},
        "converted": {"from": "Garg et al. 2022", "sha256": "ab" * 32},
    }
    saved(tmp_path / "model", model)
    card = card_files(gather(str(tmp_path / "model")))["README.md"]
    seed, recipe, converted = table(card, "tasks")[2][1:]
    assert (seed, recipe) == ("not recorded", "optimiser adam, steps 500000")
    assert converted == f"from Garg et al. 2022, sha256 {'ab' * 32}"


def test_without_a_record_it_is_not_scored(scored):
    files = card_files(gather(str(scored.folder)))
    assert set(files) == {"README.md"}
    assert "Not scored yet." in files["README.md"]
    assert ModelCard(files["README.md"]).data.eval_results is None


def test_a_reference_brings_its_records():
    facts = gather("reference/gpt2", dataset=DATASET)
    assert set(facts.results) == set(facts.suite.tasks)
    files = card_files(facts)
    assert "icl-bench evaluate reference/gpt2 --suite mini-v1\n" in files["README.md"]
    assert "## Licence\n\napache-2.0" in files["README.md"]
    assert len(yaml.safe_load(files[ENTRIES])) == len(facts.results)
    specs = re.findall(r"^```yaml$", files["README.md"], flags=re.MULTILINE)
    assert len(specs) == 2  # vector_mqar has one of its own


def test_the_same_facts_give_the_same_bytes(scored, both):
    assert card_files(gather(str(scored.folder), both)) == card_files(gather(str(scored.folder), both))


def test_licences_are_called_as_on_the_hub(scored):
    def head(licence: str) -> dict:
        card = ModelCard(card_files(gather(str(scored.folder), licence=licence))["README.md"])
        return {key: value for key, value in card.data.to_dict().items() if key.startswith("license")}

    assert head("gpl-3.0-or-later") == {"license": "gpl-3.0"}
    assert head("odbl-1.0") == {"license": "odbl"}
    assert head("mit-0") == {"license": "other", "license_name": "mit-0"}
