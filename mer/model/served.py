"""What MLflow runs when it loads a model of mer: this file is copied into the model, as models-from-code; no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel  # type: ignore[attr-defined]  # documented, though not in its __all__


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

        self.model = Model.of(load(Path(context.artifacts["model"])))

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


set_model(Served())
