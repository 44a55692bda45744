"""Kernels of this very interpreter, out of reach of the user's kernelspecs and settings."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from dcm.lab.drawing import SHEET

ONE_THREAD = ("MKL_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
PACKAGE = Path(__file__).resolve().parents[1]


@contextmanager
def own_kernel() -> Iterator[dict]:
    """Arguments of ``papermill.execute_notebook`` that make it use a kernel of this interpreter.

    Neither what ``python3`` means on this machine matters, nor the kernel's name in the notebook.
    """
    options = {"prefix": "dcm-kernel-", "ignore_cleanup_errors": True}  # it may still be ending
    with tempfile.TemporaryDirectory(**options) as folder:
        spec = KernelSpec(argv=command(), env=environment(folder), language="python")

        class OwnKernel(AsyncKernelManager):
            """Starts kernels by ``spec``, where others look a name up."""

            kernel_spec = spec

        yield {"kernel_name": "python3", "language": "python", "kernel_manager_class": OwnKernel}


def command() -> list[str]:
    """What starts the kernel; options given here win over every configuration file."""
    images = ["--InlineBackend.figure_formats={'png'}", "--InlineBackend.rc={}"]
    history = "--HistoryManager.enabled=False"
    return [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *images, history]


def environment(folder: str) -> dict[str, str]:
    """Variables of the kernel that differ from those of this process; "" is as good as none."""
    changed = {
        **dict.fromkeys(ONE_THREAD, "1"),
        "IPYTHONDIR": folder,  # no profile, no start-up files
        "LC_ALL": "C",  # no commas for points; text is UTF-8 all the same, by PYTHONUTF8
        "MATPLOTLIBRC": str(SHEET),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONIOENCODING": "",
        "PYTHONSTARTUP": "",
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "",
    }
    if (PACKAGE.parent / "notebooks").is_dir():  # a clone, which need not be installed
        others = os.environ.get("PYTHONPATH")
        changed["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PACKAGE.parent), others)))
    # Jupyter fills in what a "$" stands for, which may be part of a folder's name.
    return {name: value.replace("$", "$$") for name, value in changed.items()}


def literal(path: Path) -> str:
    """``path`` for papermill, relative to here.

    Papermill keeps it in the notebook, which no path of this machine belongs to, and fills in what
    braces stand for, which may be part of a folder's name.
    """
    return os.path.relpath(path).replace("{", "{{").replace("}", "}}")
