"""Training is not inference: what a run imports, and what its results depend on, holds nothing of mer.training."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mer

ROOT = Path(mer.__file__).parent
CALLS = {
    "landmarks": """
        import numpy as np, mer.landmarks.cnn68
        from mer import component
        clip = component("dataset", "synthetic", subjects=1, clips=1).load().samples[0]
        assert component("landmarks", "cnn68")(clip.clip.read(clip.onset)).xy.shape == (68, 2)
    """,
    "flow": """
        import numpy as np, mer.flow.microflow
        from mer import component
        frames = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
        assert component("flow", "microflow")(*frames).uv.shape == (64, 64, 2)
    """,
}


@pytest.mark.parametrize("network", CALLS)
def test_a_network_is_used_without_its_training(network: str) -> None:
    lines = [line.strip() for line in CALLS[network].strip().splitlines()]
    lines += ["import sys", "print(sorted(name for name in sys.modules if name.startswith('mer.training')))"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_benches_and_training_itself_import_the_training() -> None:
    for path in ROOT.rglob("*.py"):
        room = path.relative_to(ROOT).parts[0]
        if room in ("training", "bench"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if f"{name}.".startswith("mer.training.")], path
