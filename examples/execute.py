"""Runs the notebooks of this folder and keeps their outputs: python examples/execute.py [--check] [NOTEBOOK ...].

With --check they are only run. Each runs in an empty folder, whose path does not stay in the outputs.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parent
SECONDS = 600  # that one cell may need


def main() -> None:
    """Run the notebooks that the command names, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only run them; keep the outputs that are there")
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(FOLDER.glob("*.ipynb")))
    asked = parser.parse_args()
    for path in asked.notebooks:
        notebook = execute(path)
        if not asked.check:
            nbformat.write(notebook, path)
        print(f"{path.name}: {sum(cell.cell_type == 'code' for cell in notebook.cells)} cells run")


def execute(path: Path) -> NotebookNode:
    """Return a notebook with new outputs; the first cell that fails raises."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}})
        client.execute()
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.metadata.pop("execution", None)  # times
                cell.outputs = [_without(folder, output) for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def _without(folder: str, output: NotebookNode) -> NotebookNode:
    """Return an output with the folder of the machine as a dot."""
    if "text" in output:
        output.text = output.text.replace(folder, ".")
    for kind, content in output.get("data", {}).items():
        if kind.startswith("text/"):
            output.data[kind] = content.replace(folder, ".")
    return output


if __name__ == "__main__":
    main()
