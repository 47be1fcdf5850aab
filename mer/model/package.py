"""A model on disk: JSON and plain arrays, with checksums; nothing in it is executed.

``<home>/models/<name>/<version>/`` is an MLflow model (``mlflow.pyfunc.load_model`` takes it) whose folder
``artifacts/model`` holds

- ``model.json``: configuration of all stages, chosen settings, calibration, thresholds, scores, versions;
- ``training.npz``: the feature rows that the classifier is fitted on, once more whenever the model is loaded, which
  takes less than a second and needs no pickle;
- ``checksums.json``: SHA-256 of both.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from mer.config.catalogue import conf_dir
from mer.config.composition import build
from mer.errors import DataError
from mer.model.calibrate import Calibration
from mer.model.fitted import FittedModel, Neighbourhood
from mer.pipeline import Stages
from mer.store.keys import component_key, digest
from mer.svm import Coded, Ensemble

__all__ = ["FORMAT", "LEARNERS", "STAGES", "Training", "load", "stage_keys", "targets", "write"]

FORMAT = 1
STAGES = ("frames", "landmarks", "align", "flow", "sequence", "motion", "roi", "descriptor")
LEARNERS = ("codes", "svm", "classifier")
INNER = Path("artifacts") / "model"
_SUM, _DOCUMENT, _ARRAYS = "checksums.json", "model.json", "training.npz"
_NEEDED = frozenset(
    ("name", "components", "settings", "columns", "classes", "average", "calibration", "nearest", "far", "stage_keys")
)
_NEEDED_ARRAYS = frozenset(("rows", "y", "clips", "lengths"))
# Components that start a program or import code by its name: a model that holds one could run anything.
_RUNS_CODE = frozenset({"mer.flow.external.External"})

Training = Mapping[str, np.ndarray]


def write(folder: Path, document: Mapping[str, Any], training: Training) -> None:
    """Write the three files into a folder, which must exist."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **training)
    contents = {
        _DOCUMENT: json.dumps(document, ensure_ascii=False, indent=1).encode(),
        _ARRAYS: buffer.getvalue(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    (folder / _SUM).write_text(json.dumps(sums, indent=1), encoding="utf-8")


def load(path: Path) -> FittedModel:
    """Read a model and fit its classifier on the rows that it holds.

    Parameters
    ----------
    path : Path
        Folder of an MLflow model made by ``mer fit``, or its ``artifacts/model``.

    Raises
    ------
    DataError
        If it is no model of mer, was edited, or needs another version.
    """
    folder = path / INNER if (path / INNER).is_dir() else path
    document, training = _read(folder, path)
    stages = _stages(document, path)
    y, rows = training["y"], training["rows"].astype(np.float64)
    learner = Ensemble(members=tuple(_learner(document, path).with_params(one) for one in document["settings"]))
    columns, classes = tuple(document["columns"]), tuple(document["classes"])
    return FittedModel(
        name=document["name"],
        classes=classes,
        columns=columns,
        stages=stages,
        machine=learner(rows, y, len(classes), columns),
        average=document["average"],
        calibration=Calibration(**document["calibration"]),
        neighbourhood=Neighbourhood(
            rows=training["clips"].astype(np.float64), lengths=training["lengths"], nearest=document["nearest"]
        ),
        far=document["far"],
        card=document,
        changed=tuple(stage for stage, key in stage_keys(stages).items() if document["stage_keys"].get(stage) != key),
    )


def stage_keys(stages: Stages) -> dict[str, str]:
    """Return for each stage the hash of its settings, weights, code and libraries."""
    parts = {name: getattr(stages, name) for name in STAGES}
    return {name: digest(component_key(part)) for name, part in parts.items() if part is not None}


def targets(node: object) -> Iterator[str]:
    """Yield every class that a part of the configuration names."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("_target_", "_args_", "_partial_", "_recursive_", "_convert_") and key != "_target_":
                yield f"{key}"
            elif key == "_target_":
                yield str(value)
            else:
                yield from targets(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from targets(value)


def refused(node: object) -> list[str]:
    """Return the classes in a part of the configuration that are not components of mer, or that run other code."""
    return [name for name in targets(node) if name not in _own_components() or name in _RUNS_CODE]


@cache
def _own_components() -> frozenset[str]:
    """Return the classes that the options in mer's own `conf/` name."""
    texts = (file.read_text(encoding="utf-8") for file in conf_dir().rglob("*.yaml"))
    return frozenset(name for text in texts for name in re.findall(r"_target_:\s*([\w.]+)", text))


def _read(folder: Path, path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    if path.is_file():
        raise DataError(f"{path}: a file, and a model of mer is a folder; give model=NAME, or the folder of mer fit")
    if not (folder / _DOCUMENT).is_file():
        raise DataError(f"{path}: no model of mer (it lacks {_DOCUMENT}); give model=NAME, or the folder of mer fit")
    try:
        sums = json.loads((folder / _SUM).read_text(encoding="utf-8"))
        contents = {name: (folder / name).read_bytes() for name in (_DOCUMENT, _ARRAYS)}
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != sums[name]:
                raise DataError(
                    f"{path}: {name} was edited or damaged after mer fit wrote it; copy the model again or fit it"
                )
        document = json.loads(contents[_DOCUMENT])
        if document["format"] != FORMAT:
            raise DataError(
                f"{path}: format {document['format']} of a model, and this mer reads {FORMAT}; use mer "
                f"{document['versions']['mer']}, or fit the model again"
            )
        with np.load(io.BytesIO(contents[_ARRAYS]), allow_pickle=False) as arrays:
            training = {name: arrays[name] for name in arrays.files}
        lacking = sorted((_NEEDED - set(document)) | (_NEEDED_ARRAYS - set(training)))
        if lacking:
            raise DataError(f"{path}: this model lacks {', '.join(lacking)}: another mer made it; fit it again")
        return document, training
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: this model cannot be read ({type(error).__name__}: {error}); fit it again") from error


def _stages(document: Mapping[str, Any], path: Path) -> Stages:
    nodes = {name: document["components"].get(name) for name in STAGES}
    _require_own(nodes, path)
    built: dict[str, Any] = {name: None if node is None else build(node) for name, node in nodes.items()}
    return Stages(**built)


def _learner(document: Mapping[str, Any], path: Path) -> Any:
    nodes = {name: document["components"].get(name) for name in LEARNERS}
    _require_own(nodes, path)
    codes, svm, classifier = (None if node is None else build(node) for node in nodes.values())
    learner: Any = classifier or svm
    return learner if codes is None else Coded(codes=codes, learner=learner)


def _require_own(nodes: Mapping[str, Any], path: Path) -> None:
    for name, node in nodes.items():
        for target in refused(node):
            raise DataError(
                f"{path}: {name} names {target}, which is no component of this mer, and a model may run nothing else; "
                "use the mer that fitted it, or fit it again"
            )
