"""The flow of every clip of a data set, for the programs of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from mer.dataset.export.flow_layouts import FlowFile, flow_data, write_flow
from mer.dataset.export.write import write_whole
from mer.dataset.flow_images.clip import FlowImageClip
from mer.errors import DataError, FaceNotFoundError
from mer.pipeline import Pipeline
from mer.types import Exclusion, Manifest, Sample

__all__ = ["FlowFormat", "export_flow"]


@dataclass(frozen=True, kw_only=True)
class FlowFormat:
    """How flow is written.

    Attributes
    ----------
    layout : {"flow_images", "htnet"}
    suffix : {".png", ".flo", ".npy"}
        A released flow image becomes a PNG byte by byte as it is.
    size : int
        Height and width of a PNG, px; the other formats keep the size of the flow.
    """

    layout: str
    suffix: str
    size: int


def export_flow(
    pipeline: Pipeline,
    manifest: Manifest,
    output: Path,
    form: FlowFormat,
    *,
    workers: int,
    advance: Callable[[], None],
) -> tuple[Sequence[FlowFile], Sequence[Exclusion]]:
    """Estimate the flow of every clip, or read what is kept, and write it; head motion is not removed.

    Parameters
    ----------
    pipeline : Pipeline
    manifest : Manifest
        Its classes are numbered in their order.
    output : Path
        A folder that does not exist yet, or is empty.
    form : FlowFormat
    workers : int
        Threads.
    advance : callable
        Called after every clip.

    Returns
    -------
    files : sequence of FlowFile
    left_out : sequence of Exclusion
        Clips in which no face was found.

    Raises
    ------
    DataError
        For a faulty clip, a folder that is not empty, or where no clip is left.
    """
    numbers = {name: k for k, name in enumerate(manifest.classes)}

    def one(sample: Sample) -> FlowFile | Exclusion:
        try:
            data = _content(pipeline, sample, form)
        except FaceNotFoundError as error:
            return Exclusion(sample_id=sample.id, reason=str(error))
        return FlowFile.of(sample, numbers[sample.label], form.suffix, data)

    found: list[FlowFile | Exclusion] = []
    for sample in manifest.samples:
        pipeline.keys.flow(sample)  # reads the code of the stages once, which threads must not do side by side
    with write_whole(output) as staging:
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(one, sample) for sample in manifest.samples]
            try:
                for future in futures:
                    found.append(future.result())
                    advance()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        files = [item for item in found if isinstance(item, FlowFile)]
        left_out = [item for item in found if isinstance(item, Exclusion)]
        if not files:
            raise DataError(f"{output}: no clip can be exported; the first: {left_out[0].reason}")
        write_flow(staging, form.layout, files)
    return files, left_out


def _content(pipeline: Pipeline, sample: Sample, form: FlowFormat) -> bytes:
    if isinstance(sample.clip, FlowImageClip) and form.suffix == ".png" and sample.clip.path.suffix.lower() == ".png":
        return sample.clip.path.read_bytes()
    flow = pipeline.flow(sample)
    return flow_data(flow.fields()[flow.peak].uv, form.suffix, form.size)
