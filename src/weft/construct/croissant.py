"""Croissant metadata (MLCommons, JSON-LD) of a corpus: its files with digests, and a record set per language."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from weft.construct.card import Release, licenses, splits, tag
from weft.construct.copies import schema_of
from weft.construct.export import EXPORT
from weft.construct.kinds import record_schema
from weft.construct.made import responsible
from weft.construct.summary import KEPT

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
RESPONSIBLE = "http://mlcommons.org/croissant/RAI/1.0"
"""What metadata of machine-made text conforms to as well."""

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
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

_FORMATS = {"parquet": "application/x-parquet", "jsonl.zst": "application/jsonlines"}
_FIELDS = {
    "id": "32 hexadecimal digits, the same in every build of the same source",
    "text": "the document",
    "source": "name of the source in the recipe",
    "locator": "where the document was found within its source",
    "collected_at": "when it was collected",
    "license": "SPDX identifier, LicenseRef-… or unknown",
    "language": "ISO 639-3 and ISO 15924 code that the identifier gave",
    "language_score": "how certain the identifier was",
    "split": "train, validation or test",
    "group_id": "documents with the same one belong together, such as translations of one text",
    "meta": "JSON of what the source says beside; `synthetic` says what made the machine-made",
    "cluster_size": "how many near-duplicates the document stands for",
    "repeats": "how often the document is read",
    "copy": "which of these times the row is, from 1",
    "phase": "the stretch of training that a row of train is for",
    "order": "number of the phase from 0, plus the share of the language's rows in it that come before",
}


_WHAT = {"ct": "documents", "sft": "conversations", "dpo": "preferences", "pairs": "pairs"}


def croissant(release: Release) -> dict[str, Any]:
    """The JSON-LD object; `release.root` leads from its folder to the files."""
    languages = release.languages()
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": release.name,
        "description": release.description or "Text for language models, by language, built with weft.",
        "license": [_license(name) for name in licenses(release)],
        "inLanguage": sorted({tag(code) for code in release.spoken()}),
        "isLiveDataset": False,
        "distribution": [*_files(release), *_sets(release)],
        "recordSet": [
            *(_records(language, _schema(release)) for language in languages if _has_parquet(release, language)),
            *(
                _records(f"{folder}-{language}", record_schema(folder, tuple(language.split("-"))), folder)
                for folder, language in release.records()
                if _has_parquet(release, language, folder)
            ),
        ],
    }
    if release.made is not None and release.made.height:
        made["conformsTo"] = [CONFORMS_TO, RESPONSIBLE]
        made |= responsible(release.made, _documents(release))
    if release.version:
        made["version"] = release.version
    if release.published:
        made["datePublished"] = release.published
    if release.url:
        made["url"] = release.url
    return made


def _documents(release: Release) -> int:
    """Kept documents and records, each counted once."""
    kept = release.counts.filter(release.counts["rule"] == KEPT)
    return int(kept["documents"].sum())


def croissant_json(release: Release) -> str:
    """`croissant.json`: the object as text, keys in the order in which people read them."""
    return json.dumps(croissant(release), ensure_ascii=False, indent=2) + "\n"


def _license(name: str) -> str:
    named = name == "unknown" or name.startswith("LicenseRef") or " " in name
    return name if named else f"https://spdx.org/licenses/{name}"


def _has_parquet(release: Release, language: str, folder: str = "ct") -> bool:
    return any((f.kind, f.language, f.format) == (folder, language, "parquet") for f in release.files)


def _files(release: Release) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path,
            "description": f"{file.rows} {_WHAT[file.kind]}, {file.split} part of {file.language}",
            "contentUrl": release.root + file.path,
            "contentSize": f"{file.bytes} B",
            "encodingFormat": _FORMATS[file.format],
            "sha256": file.sha256,
        }
        for file in release.files
    ]


def _sets(release: Release) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileSet",
            "@id": f"{name}-parquet",
            "name": f"{name}-parquet",
            "description": f"Parquet files of {name}: {', '.join(splits(release, language, folder))}",
            "encodingFormat": _FORMATS["parquet"],
            "includes": f"{release.root}{folder}/{language}/*.parquet",
        }
        for name, folder, language in [
            *((code, "ct", code) for code in release.languages()),
            *((f"{folder}-{code}", folder, code) for folder, code in release.records()),
        ]
        if _has_parquet(release, language, folder)
    ]


def _schema(release: Release) -> pa.Schema:
    schema = EXPORT if release.mixture is None else schema_of(release.mixture.settings.written)
    return schema if release.order is None else release.order.extended(schema)


def _records(language: str, schema: pa.Schema, folder: str = "ct") -> dict[str, Any]:
    id_key, copy_key = {"@id": f"{language}/id"}, {"@id": f"{language}/copy"}
    return {
        "@type": "cr:RecordSet",
        "@id": language,
        "name": language,
        "description": f"{_WHAT[folder].capitalize()} of {language.removeprefix(f'{folder}-')}",
        "key": [id_key, copy_key] if "copy" in schema.names else id_key,
        "field": [
            _field(language, field)
            for field in schema
            if not pa.types.is_nested(field.type) and (folder == "ct" or field.name != "text")
        ],
    }


def _field(language: str, field: pa.Field) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{language}/{field.name}",
        "name": field.name,
        "dataType": _data_type(field.type),
        "source": {"fileSet": {"@id": f"{language}-parquet"}, "extract": {"column": field.name}},
    }
    if field.name in _FIELDS:
        made["description"] = _FIELDS[field.name]
    return made


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_floating(kind):
        return "sc:Float"
    return "sc:DateTime" if pa.types.is_timestamp(kind) else "sc:Text"
