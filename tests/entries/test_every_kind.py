"""What holds for every kind of entry, and which kind a name is of."""

import pytest
from raising import raises

from icl_bench.entries.base import ENTRY_KINDS, entry_kinds, recorded_kind
from icl_bench.entries.open import kind_of, open_source
from icl_bench.errors import InputError, SpecError, UnknownNameError
from icl_bench.models.shipped import shipped_tasks
from icl_bench.records.store import all_records
from icl_bench.suites import load_suite


@pytest.mark.parametrize("name", sorted(ENTRY_KINDS.entries()))
def test_a_kind_recognises_what_it_knows_and_opens_it(name):
    suite, kind = load_suite("mini"), ENTRY_KINDS.entries()[name]()
    assert kind.shown_as
    assert kind.names
    for known in kind.known(suite)[:2]:
        assert kind.recognises(known)
        assert kind_of(known, suite) == kind
        if kind.trained and not shipped_tasks(known, suite):
            continue  # not trained yet
        assert kind.open(known, suite, None, None, None).identity.kind == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("baseline/ridge", "baseline"),
        ("reference/gpt2", "reference"),
        ("zoo/deltanet", "zoo"),
        ("someone/model", "hub"),
        ("someone/model@main", "hub"),
        (".", "folder"),
    ],
)
def test_names_are_of_one_kind(name, kind):
    assert kind_of(name, load_suite("mini")).type == kind


def test_a_name_of_no_kind_gets_the_nearest_of_all():
    suite = load_suite("mini")
    with raises(UnknownNameError, "unknown-model", naming=("'ridge'", "'baseline/ridge'")):
        open_source("ridge", suite)
    with raises(UnknownNameError, "unknown-model", naming=("'gpt2'", "'reference/gpt2'")):
        open_source("gpt2", suite)


def test_a_folder_comes_before_a_model_of_the_hub(tmp_path, monkeypatch):
    (tmp_path / "someone" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert kind_of("someone/model", load_suite("mini")).type == "folder"


def test_options_that_do_not_apply_are_refused():
    suite = load_suite("mini")
    with raises(InputError, "no-revision", naming=("baseline/ridge", "--device")):
        open_source("baseline/ridge", suite, device="cuda")
    with raises(InputError, "no-revision", naming="reference/gpt2"):
        open_source("reference/gpt2", suite, revision="main")


def test_references_have_no_looped_layers_and_no_records_of_further_loops():
    suite = load_suite("mini")
    with raises(SpecError, "not-looped", naming="gpt2"):
        open_source("reference/gpt2:loops=8", suite)
    assert all_records("reference/gpt2:loops=8", suite) == []


def test_where_results_of_a_kind_are_recorded(tmp_path):
    places = {
        kind.type: kind.recorded_in(name, tmp_path)
        for kind, name in ((kind, f"{kind.type}/x") for kind in entry_kinds())
    }
    assert places["reference"] == tmp_path / "reference" / "x"
    assert places["zoo"] == tmp_path / "zoo" / "x"
    assert places["hub"] == tmp_path / "hub__x"
    assert places["folder"] is places["baseline"] is places["callable"] is None


def test_a_record_is_of_the_kind_that_evaluated_it():
    """A board asks its entries' kinds, not their names: what is shipped is shown as a reference."""
    suite = load_suite("mini")
    record = all_records("reference/gpt2", suite)[0]
    kind = recorded_kind(record)
    assert (kind.type, kind.shipped, kind.shown_as) == ("reference", True, "reference")
    assert [kind.type for kind in entry_kinds() if kind.shipped] == ["baseline", "reference", "zoo"]
    assert kind == kind_of(record.model.id, suite)
    model = record.model.model_copy(update={"kind": "referense"})
    with raises(UnknownNameError, naming="'reference'"):
        recorded_kind(record.model_copy(update={"model": model}))
