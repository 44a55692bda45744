"""The one file format: named arrays (``.npz``, no pickle) and a JSON header with their SHA-256.

Whatever happens to such a file, ``read`` gives what was written or refuses it by name.
"""

import hashlib
import io
import json
import os
import warnings
from pathlib import Path

import numpy as np

from dcm.model import checks, files

FORMAT = 1  # a file of another format is refused


class DamagedFile(ValueError):
    """A file that must not be used: its name and what is wrong with it; callers add a remedy."""

    def __init__(self, path, fault: str):
        super().__init__(f"{path} {fault}")
        self.fault = fault


def write(path: str | Path, header: dict, arrays: dict) -> None:
    """Write a file atomically; ``files.WriteError`` leaves the previous one intact."""
    path = checks.path("path", path)
    arrays = {name: _storable(name, a, path) for name, a in arrays.items()}
    header = {"format": FORMAT, **header}
    try:
        signed = json.dumps({**header, "sha256": digest(header, arrays)}, sort_keys=True)
    except TypeError as error:
        raise ValueError(f"header for {path}: {error}; give numbers, text and lists") from None
    content = io.BytesIO()  # in memory first, as a zip file on a full disk fails in obscure ways
    np.savez_compressed(content, header=np.array(signed), **arrays)
    files.write(path, content.getvalue())


def read(path: str | Path, header: str = "header", unsigned: bool = False) -> tuple[dict, dict]:
    """(header, arrays) of a file; ``header`` is the name under which the header lies in it.

    With ``unsigned``, a file without format and SHA-256 is returned unchecked.

    Raises
    ------
    FileNotFoundError
        If there is none.
    DamagedFile
        If it is truncated, edited, unreadable or of another format.
    """
    path = checks.path("path", path)
    if os.path.lexists(path) and not os.path.isfile(path):
        # A link to nothing, a folder, or a pipe: opening one would wait for ever.
        raise DamagedFile(path, "is no plain file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy's about headers that a flipped bit spoilt
            with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                arrays = dict(file)
        about = dict(json.loads(str(arrays.pop(header))))
        found = about.get("format")
        if unsigned and "format" not in about:
            return about, arrays
        signature = about.pop("sha256", None)
        same = signature == digest(about, arrays)
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise DamagedFile(path, f"cannot be read ({error.strerror})") from error
    except Exception as error:  # damaged zip files fail in a dozen ways
        cause = " ".join(f"{type(error).__name__} {error}".split())
        raise DamagedFile(path, f"is damaged or no file of this kind ({cause})") from error
    if found != FORMAT:
        raise DamagedFile(path, f"has format {found}, this version reads {FORMAT}")
    if not same:
        raise DamagedFile(path, "was changed after it was written (its SHA-256 differs)")
    return about, arrays


def _storable(name: str, value, path) -> np.ndarray:
    """``value`` as an array that a file can hold under this name, or ``ValueError``."""
    if not isinstance(name, str) or name in ("header", "file"):
        raise ValueError(f"array {name!r} for {path} cannot have this name; choose another")
    if isinstance(value, np.ma.MaskedArray):
        raise ValueError(f"array {name} for {path} is masked; fill or leave out what is masked")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"array {name} for {path} is ragged; give rows of equal length") from None
    if array.dtype.hasobject:
        raise ValueError(f"array {name} for {path} has dtype {array.dtype}; give numbers or text")
    return array


def digest(header: dict, arrays: dict) -> str:
    """SHA-256 over header and arrays, names, types and shapes included."""
    total = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        a = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {a.dtype.str} {a.shape}".encode())
        total.update(a.tobytes())
    return total.hexdigest()
