"""Copy the notebooks that ``dcm figures`` has just run back into notebooks/, cleaned.

Run ``dcm figures`` (quick, seed 0, with MNIST) first; then this file with ``python``.
"""

from pathlib import Path

import nbformat
from nbconvert.preprocessors import CoalesceStreamsPreprocessor

from dcm.model.files import WriteError, write

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def cleaned(notebook):
    """Without all that differs between runs: timings, versions, progress on standard error."""
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = {"tags": tags} if tags else {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    notebook, _ = CoalesceStreamsPreprocessor().preprocess(notebook, {})
    return notebook


def main():
    for path in sorted((ROOT / "build" / "notebooks" / "quick").glob("*.ipynb")):
        try:
            notebook = cleaned(nbformat.read(path, as_version=4))
        except Exception as error:  # a damaged file can raise nearly anything
            raise SystemExit(f"{path} is damaged ({error!r}); run dcm figures again") from error
        if any(cell.metadata.get("tags") == ["injected-parameters"] for cell in notebook.cells):
            raise SystemExit(
                f"{path.name} was run with other parameters; run dcm figures without options first"
            )
        write(ROOT / "notebooks" / path.name, nbformat.writes(notebook) + "\n")
        print(path.name)


if __name__ == "__main__":
    try:
        main()
    except WriteError as error:
        raise SystemExit(str(error)) from error
