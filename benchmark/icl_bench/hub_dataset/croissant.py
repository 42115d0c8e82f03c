"""Croissant metadata of a dataset: the core of version 1.1, and the responsible-AI fields.

The fields `rai:` and `prov:` are the minimal ones that the Evaluations & Datasets track of NeurIPS 2026 asks
of a dataset (https://neurips.cc/Conferences/2026/EvaluationsDatasetsHosting). Sources: the specifications
http://mlcommons.org/croissant/1.1 and http://mlcommons.org/croissant/RAI/1.0.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from icl_bench.hub_dataset.place import Place
from icl_bench.hub_dataset.tables import TABLE, Column, Table
from icl_bench.suites import Suite

CROISSANT_FILE = "croissant.json"
LICENCE_URL = "https://www.apache.org/licenses/LICENSE-2.0"
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "prov": "http://www.w3.org/ns/prov#",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
RESPONSIBLE_AI = {
    "rai:dataLimitations": (
        "The prompts are of synthetic functions of a few dimensions. A score on them says how well a model "
        "learns such functions from examples in its context, and nothing of language, reasoning or use in "
        "the world. The prompts are public, so that a model may have been trained on them."
    ),
    "rai:dataBiases": (
        "Every number is drawn from the distribution that the card states for its task. No person or group "
        "is represented, so that none is represented unevenly; results are of these distributions alone."
    ),
    "rai:personalSensitiveInformation": "None. Every number is drawn from a random stream.",
    "rai:dataUseCases": (
        "Measuring and comparing how sequence models learn functions in context. The prompts are for "
        "evaluation: train on other streams of the same tasks, not on these."
    ),
    "rai:dataSocialImpact": (
        "Exact reference predictors and a fixed test make claims about in-context learning comparable. No "
        "harm is known to come from the prompts; a score on them is no evidence that a model is fit for "
        "any use."
    ),
    "rai:hasSyntheticData": True,
    "prov:wasDerivedFrom": "No other dataset: every prompt is drawn from a random stream.",
}
_TYPES = {"string": "sc:Text", "bool": "sc:Boolean"}
_MEANINGS = {
    "xs": "The inputs, in the order of the context.",
    "ys": "The targets of the inputs.",
    "queries": "What is asked in place of the inputs: query i after the first i examples.",
    "query_ys": "The targets of the queries.",
    "text": "The prompt as a text, for language models.",
}


def croissant(suite: Suite, tables: Mapping[str, Table], place: Place | None) -> str:
    """The file: JSON-LD. Without a place it has no address and no date, and its files are paths."""
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": suite.name,
        "description": suite.spec.summary,
        "license": LICENCE_URL,
        "version": f"{suite.name.rpartition('-v')[2]}.0.0",
        "keywords": ["in-context learning", "benchmark", "icl-bench", suite.name],
        "creator": {"@type": "sc:Organization", "name": "The icl-bench maintainers"},
        "citeAs": citation(suite),
        "isLiveDataset": False,
        **({} if place is None else {"url": place.url, "datePublished": place.date.isoformat()}),
        **RESPONSIBLE_AI,
        "prov:wasGeneratedBy": [
            {
                "@type": "prov:Activity",
                "name": "Generation",
                "description": f"icl-bench {version('icl-bench')} drew the prompts from the random stream "
                f"`eval` of each task of {suite.name} and compared their SHA-256 with the suite's lock "
                f"{suite.lock_hash}. No person collected, labelled or changed anything.",
            }
        ],
        "distribution": [_file(task, table, place) for task, table in tables.items()],
        "recordSet": [_record_set(suite, task, table) for task, table in tables.items()],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def citation(suite: Suite) -> str:
    """BibTeX of the benchmark, as CITATION.cff has it, with the suite and the hash to cite."""
    return "\n".join(
        [
            "@software{icl_bench,",
            "  title = {{icl-bench: a benchmark of in-context learning}},",
            "  author = {{The icl-bench maintainers}},",
            f"  note = {{Version {version('icl-bench')}, suite {suite.name}, hash {suite.hash}}}",
            "}",
        ]
    )


def _file(task: str, table: Table, place: Place | None) -> dict[str, Any]:
    path = TABLE.format(task=task)
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path if place is None else place.file_url(path),
        "contentSize": f"{table.size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": table.sha256,
    }


def _record_set(suite: Suite, task: str, table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": task,
        "name": task,
        "description": suite.tasks[task].summary,
        "field": [_field(task, name, column) for name, column in table.columns.items()],
    }


def _field(task: str, name: str, column: Column) -> dict[str, Any]:
    sizes = {"isArray": True, "arrayShape": ",".join(map(str, column.shape))} if column.shape else {}
    return {
        "@type": "cr:Field",
        "@id": f"{task}/{name}",
        "name": name,
        "description": _MEANINGS.get(name, "A parameter of the function."),
        "dataType": _TYPES.get(column.dtype) or f"cr:{column.dtype.capitalize().replace('Ui', 'UI')}",
        **sizes,
        "source": {"fileObject": {"@id": TABLE.format(task=task)}, "extract": {"column": name}},
    }
