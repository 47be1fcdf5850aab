"""Makes the pictures of docs/images/ from the current defaults: make figures, or make figures FACES=FOLDER.

FOLDER holds the faces of `mer bench flow` (images/ and keypoints.csv); without it, flow.png stays as it is. The two
screenshots, report.png and mlflow_compare.png, are taken by hand.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import mer

IMAGES = Path(__file__).parent / "images"
OF_A_RUN = ("clip.png", "confusion.png", "regions.png")
ACROSS, DOWN, TILE = 4, 3, 180  # faces, faces, px


def main(faces: str = "") -> None:
    """Write every picture that has a command."""
    outcome = mer.run()
    for name in OF_A_RUN:
        shutil.copyfile(outcome.folder / "figures" / name, IMAGES / name)
    with tempfile.TemporaryDirectory() as folder:
        bench("regions", f"output={folder}")
        shutil.copyfile(Path(folder) / "regions.png", IMAGES / "roi.png")
        if faces:
            bench("flow", f"faces={faces}", "each=8", f"output={folder}")
            shutil.copyfile(Path(folder) / "flow_error.png", IMAGES / "flow.png")
    draw_subjects(IMAGES / "synthetic.jpg")


def bench(*words: str) -> None:
    """Run a benchmark of mer."""
    subprocess.run([sys.executable, "-m", "mer", "bench", *words], check=True)


def draw_subjects(path: Path) -> None:
    """Draw the onset of the first clip of twelve synthetic subjects."""
    samples = mer.component("dataset", "synthetic").load().samples
    first = {sample.subject: sample for sample in reversed(samples)}
    frames = mer.component("frames", "onset_apex")
    sheet = Image.new("L", (ACROSS * TILE, DOWN * TILE))
    for place, subject in enumerate(sorted(first)[: ACROSS * DOWN]):
        face = Image.fromarray(np.asarray(frames(first[subject]).onset)).resize((TILE, TILE), Image.Resampling.LANCZOS)
        sheet.paste(face, (place % ACROSS * TILE, place // ACROSS * TILE))
    sheet.save(path, quality=88)


if __name__ == "__main__":
    main(*sys.argv[1:])
