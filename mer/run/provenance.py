"""Provenance of a result: its clips, classes, oracle information, versions and processor (protocol.json)."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import mer
from mer.dataset.still import still_clips
from mer.store.keys import digest
from mer.types import Card, Manifest, Sample

if TYPE_CHECKING:
    from mer.pipeline import Features
    from mer.run.experiment import Experiment

__all__ = ["clip_list_hash", "commit", "compute_card", "protocol_card"]

_LIBRARIES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "optuna",
    "mlflow",
    "torch",
    "kornia",
    "opencv-contrib-python-headless",
    "av",
)


def clip_list_hash(samples: Iterable[Sample]) -> str:
    """Return a hash of the clips with their subject, class and frames, independent of their order."""
    return digest(sorted([s.id, s.subject, s.label, s.onset, s.apex, s.offset] for s in samples))


def protocol_card(experiment: Experiment, manifest: Manifest, features: Features, *, key: str) -> Card:
    """Return the content of protocol.json.

    The clip-list hash is of the clips that were evaluated: only results with equal hashes can be compared.
    """
    kept = set(features.table.sample_id.tolist())
    samples = [sample for sample in manifest.samples if sample.id in kept]
    return {
        "cell": key,
        "dataset": experiment.pipeline.dataset.name,
        "protocol": manifest.notes.get("protocol", {"name": "none"}),
        "clips": len(samples),
        "subjects": len({sample.subject for sample in samples}),
        "classes": {name: Counter(s.label for s in samples)[name] for name in manifest.classes},
        "clips_per_subject": dict(sorted(Counter(s.subject for s in samples).items())),
        "clip_list_hash": clip_list_hash(samples),
        "dropped": [{"sample_id": e.sample_id, "reason": e.reason} for e in features.excluded],
        "frames": experiment.choices.get("frames", "ready-made flow"),
        "apex": _apex_source(experiment, manifest),
        "oracle": _oracle(experiment),
        "reader": {name: note for name, note in manifest.notes.items() if name != "protocol"},
        "evaluation": experiment.choices["evaluation"],
        "tuning": experiment.choices["tuning"],
        "optimistic": bool(getattr(experiment.tuning, "optimistic", False)),
        "seeds": {"root": experiment.seed} | _dataset_seed(experiment),
        "warnings": [
            *experiment.evaluation.warnings(features.table),
            *manifest.remarks,
            *_seen_in_training(experiment),
            *still_clips(features.table.sample_id.tolist(), features.pictures, features.motion),
        ],
        "command": experiment.command,
        "commit": commit(),
        "versions": _versions(),
        "compute": compute_card(features),
    }


def compute_card(features: Features) -> dict[str, object]:
    """Return the hardware and libraries in use; scores can differ between processors by rounding differences.

    It is for information only, in no key and no seed. Torch is queried only if the run has imported it: to load it for
    a result that came from the cache would take longer than the run.

    Returns
    -------
    dict
        ``processor``; ``computed``, how many results of each stage this run computed rather than read from the cache;
        ``torch``, or None with the reason under ``torch_absent``; ``blas``, one entry per library that is loaded.
    """
    torch = sys.modules.get("torch")
    absent = "not imported: no stage of this run used torch; cached results may have"
    return {
        "processor": _processor(),
        "computed": {stage: len(seconds) for stage, seconds in features.computed.items()},
        "torch": None if torch is None else _torch(torch),
        **({"torch_absent": absent} if torch is None else {}),
        "blas": _blas(),
    }


def commit() -> str | None:
    """Return the git commit of the running source, ``+changes`` if it was edited; None outside a checkout."""
    source = Path(mer.__file__).parent
    if not (source.parent / ".git").exists():
        return None
    try:
        run = [
            subprocess.run(["git", *arguments], cwd=source, capture_output=True, text=True, check=True, timeout=10)
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
        ]
    except (OSError, subprocess.SubprocessError):
        return None
    return run[0].stdout.strip() + ("+changes" if run[1].stdout.strip() else "")


def _apex_source(experiment: Experiment, manifest: Manifest) -> str:
    """Describe the source of the apex: an annotated one is oracle information at test time."""
    frames = experiment.choices.get("frames")
    if frames == "onset_middle":
        return "middle of onset and offset"
    if frames == "onset_spotted":
        return "spotted from the flow between onset and offset"
    return str(manifest.notes.get("apex_source", "annotated"))


def _oracle(experiment: Experiment) -> str:
    """Describe which annotation-only information of a test clip is used."""
    until_apex = getattr(experiment.pipeline.stages.frames, "until", None) == "apex"
    if until_apex or experiment.choices.get("frames", "onset_apex") == "onset_apex":
        return "the annotated onset and apex (where the apex is not annotated, the offset) of the test clips are used"
    return "the annotated onset and offset of the test clips are used"


def _seen_in_training(experiment: Experiment) -> list[str]:
    """Return a warning where bundled networks look at faces of the generator that they were trained on."""
    stages = experiment.pipeline.stages
    bundled = [stage for stage in ("landmarks", "flow") if getattr(getattr(stages, stage), "weights", None) is None]
    networks = [name for stage in bundled if (name := experiment.choices.get(stage)) in ("cnn68", "microflow")]
    if experiment.choices["dataset"] != "synthetic" or not networks:
        return []
    return [
        f"{' and '.join(map(str, networks))} {'was' if len(networks) == 1 else 'were'} trained in part on faces of the "
        "generator behind dataset=synthetic (other seeds): expect lower scores on faces from elsewhere"
    ]


def _dataset_seed(experiment: Experiment) -> dict[str, int]:
    seed = getattr(experiment.pipeline.dataset, "seed", None)
    return {} if seed is None else {"dataset": seed}


def _torch(torch: ModuleType) -> dict[str, object]:
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA")  # the second is its old name
    onednn = (limit or "no limit") if torch.backends.mkldnn.is_available() else "absent"
    return {
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "onednn_max_cpu_isa": onednn,
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_initialized() else None,
    }


def _blas() -> list[dict[str, object]]:
    from threadpoolctl import threadpool_info

    return [
        {
            "library": f"{found['internal_api']} {found['version']}",
            "kernels": found.get("architecture"),  # the processor for which the library has selected its code
            "threads": found["num_threads"],
        }
        for found in threadpool_info()
        if found["user_api"] == "blas"
    ]


def _processor() -> str:
    """Return the name of the processor, or its architecture if the name is not available."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:  # not Linux
        found = None
    return found.group(1).strip() if found else platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    found = {"mer": mer.__version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
