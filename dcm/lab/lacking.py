"""What this Python lacks, in one line with the remedy; loaded before NumPy is."""

import sys
from importlib.util import find_spec


def lacking(*modules: str) -> str | None:
    """Which of ``modules`` this Python lacks, in one line with the remedy; None if it has all."""
    missing = [name for name in modules if not _is_here(name)]
    if not missing:
        return None
    remedy = "use .venv/bin/dcm (make check sets it up) or: python -m pip install -e ."
    return f"{sys.executable} lacks {', '.join(missing)}; {remedy}"


def _is_here(name: str) -> bool:
    """Whether the module can be found; it is not imported."""
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):  # of the package around it; of a module that is blocked
        return False


# ``python -m dcm`` in a clone that is not installed: one line, where an import shows a traceback.
if sys.argv[:1] == ["-m"] and (problem := lacking("numpy", "scipy", "click")):
    sys.exit(problem)
