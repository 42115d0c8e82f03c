"""croissant.json: what Croissant requires, what NeurIPS asks for, and that it is of the files beside it."""

import datetime
import hashlib
import json

import pyarrow.parquet
import pytest

from icl_bench.hub_dataset.folder import write_dataset
from icl_bench.hub_dataset.place import Place

# https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html, "Required"
REQUIRED = {"@context", "@type", "conformsTo", "description", "license", "name", "creator", "version"}
PUBLISHED = {"url", "datePublished"}
# https://neurips.cc/Conferences/2026/EvaluationsDatasetsHosting, the minimal fields
RESPONSIBLE = {
    *("rai:dataLimitations", "rai:dataBiases", "rai:personalSensitiveInformation", "rai:dataUseCases"),
    *("rai:dataSocialImpact", "rai:hasSyntheticData", "prov:wasDerivedFrom", "prov:wasGeneratedBy"),
}


@pytest.fixture
def folder(tiny, tmp_path):
    write_dataset(tiny, tmp_path / "out")
    return tmp_path / "out"


def document(folder) -> dict:
    return json.loads((folder / "croissant.json").read_text())


def test_required_fields(folder):
    metadata = document(folder)
    assert metadata.keys() >= REQUIRED | RESPONSIBLE
    assert all(metadata[key] for key in REQUIRED | RESPONSIBLE)
    assert not metadata.keys() & PUBLISHED  # of what is not published nothing is invented
    assert metadata["version"] == "1.0.0"
    for key in metadata.keys() - {"@context", "@type"}:  # nothing that its context does not know
        prefix = key.partition(":")[0]
        assert prefix in metadata["@context"] or ":" not in key


def test_a_published_one_says_where_and_when(tiny, tmp_path):
    place = Place("org/name", datetime.date(2026, 11, 30), "v1")
    write_dataset(tiny, tmp_path / "out", place)
    metadata = document(tmp_path / "out")
    assert metadata["datePublished"] == "2026-11-30"
    assert metadata["url"].endswith("/datasets/org/name")
    (first, *_) = metadata["distribution"]
    assert first["contentUrl"] == f"{metadata['url']}/resolve/v1/linear_regression/eval.parquet"
    assert 'load_dataset("org/name", "linear_regression"' in (tmp_path / "out/README.md").read_text()


def test_files_and_columns_are_those_beside_it(tiny, folder):
    metadata = document(folder)
    files = {file["@id"]: file for file in metadata["distribution"]}
    assert set(files) == {f"{task}/eval.parquet" for task in tiny.tasks}
    for path, file in files.items():
        content = (folder / path).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["contentSize"] == f"{len(content)} B"
        assert file["contentUrl"] == path
    for records in metadata["recordSet"]:
        path = f"{records['@id']}/eval.parquet"
        columns = [field["source"]["extract"]["column"] for field in records["field"]]
        assert columns == pyarrow.parquet.read_schema(folder / path).names
        assert {field["source"]["fileObject"]["@id"] for field in records["field"]} == {path}
        xs = records["field"][0]
        task = tiny.tasks[records["@id"]]
        assert (xs["dataType"], xs["isArray"]) == ("cr:Float32", True)
        assert xs["arrayShape"] == f"{task.points},{task.function_class.d}"


# its reader of JSON-LD uses a class that rdflib is going to rename
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_mlcroissant_takes_it(text_suite, tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant")
    write_dataset(text_suite, tmp_path / "out", Place("org/name", datetime.date(2026, 11, 30)))
    dataset = mlcroissant.Dataset(jsonld=document(tmp_path / "out"))
    assert dataset.metadata.ctx.issues.errors == dataset.metadata.ctx.issues.warnings == set()
    (records,) = dataset.metadata.record_sets
    assert [field.name for field in records.fields] == [
        *("xs", "ys", "parameters.clauses", "parameters.planted", "text")
    ]
