"""Run notebooks of the gallery: `python tests/site/notebooks.py docs/gallery [NAME]`."""

import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def run(path):
    """Run all cells in an empty folder, and return the number of pictures shown."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
        ).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def main():
    """Run the notebooks that are named, or all."""
    folder, *names = sys.argv[1:]
    paths = [Path(folder) / f"{name}.ipynb" for name in names]
    for path in paths or sorted(Path(folder).glob("*.ipynb")):
        start = time.perf_counter()
        n_pictures = run(path)
        seconds = time.perf_counter() - start
        print(f"{path.stem}: {n_pictures} pictures, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
