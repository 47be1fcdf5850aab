"""A model as an MLflow model, through MLflow's public functions: saved, registered, and loaded by anyone with `mer`."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

import mer
from mer.tracking.client import quieten

quieten()

from mlflow.pyfunc import PythonModel, save_model  # type: ignore[attr-defined]  # noqa: E402 - when MLflow is quiet

__all__ = ["Served", "save_mlflow_model"]

_CODE = Path(__file__).with_name("served.py")
_INPUT = {"input": "interview.mp4", "interval": "3.2-3.6"}


class Served(PythonModel):
    """Table of inputs → one row of predictions per interval.

    The table has a column ``input``, the path of a video or of a folder of frames, and ``interval``, as of ``mer
    predict``, or an empty text to have intervals spotted. The fields of the result are those of ``predictions.jsonl``;
    lists and mappings in it are JSON.
    """

    def load_context(self, context: Any) -> None:
        """Load the model that MLflow has unpacked."""
        from mer.model.api import Model
        from mer.model.package import load

        self.model = Model.of(load(Path(context.artifacts["model"]), Path(context.artifacts["model"]).parents[1].name))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return one row per interval."""
        rows = [
            {name: _plain(value) for name, value in one.as_json().items()}
            for row in model_input.to_dict("records")
            for one in self.model.predict(row["input"], interval=row.get("interval") or "")
        ]
        return pd.DataFrame(rows)


def _plain(value: object) -> object:
    return json.dumps(value) if isinstance(value, list | dict) else value


def save_mlflow_model(folder: Path, inner: Path) -> None:
    """Write an MLflow model whose artifact ``model`` is the folder `inner`."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    text = Schema([ColSpec("string", "input"), ColSpec("string", "interval")])
    output = Schema([ColSpec("string", "input"), ColSpec("string", "outcome"), ColSpec("string", "probabilities")])
    save_model(
        path=str(folder),
        python_model=str(_CODE),
        artifacts={"model": str(inner)},
        signature=ModelSignature(inputs=text, outputs=output),
        input_example=pd.DataFrame([_INPUT]),
        pip_requirements=[f"micro-expression=={mer.__version__}", f"mlflow=={version('mlflow')}"],
    )
