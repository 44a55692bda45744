"""Where compiled code is kept between processes: one file per function and its types.

Each file begins with a checksum of the rest, as damaged machine code would crash or compute wrong
numbers. The files lie in a folder named after all that compiled code depends on, in the user's
cache or in ``NUMBA_CACHE_DIR``. (Numba's own cache fails for ever on a damaged file, does not
notice changes in other modules, and ignores a folder that it may not write to.)
"""

import atexit
import contextlib
import hashlib
import os
import pickle
import re
import shutil
import sys
import tempfile
import uuid
import warnings
from pathlib import Path
from types import SimpleNamespace

import llvmlite
import numba
import numpy as np
import pooch
from llvmlite import binding
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

SOURCES = ("model", "settle", "kernels")  # rooms whose formulas and constants are compiled in
UNUSED = 30 * 24 * 3600  # s [chosen] code of other sources and versions is kept so long
LEFT = 24 * 3600  # s [chosen] a file that is half written for so long was left by a killed process
DIGEST = hashlib.sha256().digest_size


def kept(**options):
    """Numba's ``njit`` for a function that Python calls: its compiled code is kept.

    Parameters
    ----------
    **options
        Those of ``numba.njit``, without ``cache``.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(function):
        dispatcher = numba.njit(**options)(function)
        dispatcher._cache = KeptCode(function)
        return dispatcher

    return decorate


class KeptCode(NullCache):
    """Numba asks this for a function's compiled code, and gives it what was compiled.

    Whatever is wrong with a file or a folder, the function is compiled, with one warning.
    """

    def __init__(self, function):
        self._name = re.sub(r"[^\w.]", "", f"{function.__module__}.{function.__qualname__}")
        self._bytecode = function.__code__.co_code

    @property
    def cache_path(self) -> str:
        """The folder."""
        return str(_folder())

    def load_overload(self, sig, target_context):
        """The code for the types ``sig``; None where none is kept or the file is damaged."""
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        try:
            data = path.read_bytes()
            if data[:DIGEST] != _digest(path, data[DIGEST:]):
                raise ValueError("its checksum does not match")
            code = CompileResult._rebuild(target_context, *pickle.loads(data[DIGEST:]))
        except Exception as error:  # whatever damage does to reading, unpickling and linking
            if os.path.lexists(path):
                _drop(path)
                _warn_of_damage(f"{path} is damaged ({error})")
            return None
        with contextlib.suppress(OSError):
            os.utime(path.parent)  # still in use
        return code

    def save_overload(self, sig, data):
        """Keep the code ``data`` for the types ``sig``."""
        if data.library.has_dynamic_globals:  # addresses, which the next process does not have
            return
        path = self._path(sig, data.codegen)
        written = dumps(data._reduce())
        try:
            _write(path, written)
        except OSError as error:
            _keep_in_temporary_folder(path.name, written, error.strerror)
        else:
            _remove_unused(path.parent)

    def _path(self, sig, codegen) -> Path:
        meant_for = repr((sig, codegen.magic_tuple(), self._bytecode))  # with the processor
        return _folder() / f"{self._name}-{_short_hash(meant_for.encode())}.code"


def _short_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _digest(path: Path, data: bytes) -> bytes:
    """A checksum of the data and of what they are for."""
    return hashlib.sha256(f"{path.parent.name}/{path.name}\n".encode() + data).digest()


def _write(path: Path, data: bytes) -> None:
    """Write a whole file or none, whoever else writes it and whenever this process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        partial.write_bytes(_digest(path, data) + data)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def _drop(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _remove_unused(folder: Path) -> None:
    """Remove what nobody has used for long, and what killed processes left."""
    with contextlib.suppress(OSError):
        now = folder.stat().st_mtime  # by the clock of its file server
        for other in folder.parent.glob("dcm-*"):
            is_ours = re.fullmatch("dcm-[0-9a-f]{16}", other.name)
            if is_ours and now - other.stat().st_mtime > UNUSED:
                shutil.rmtree(other, ignore_errors=True)
        for partial in folder.glob("*.partial"):
            if now - partial.stat().st_mtime > LEFT:
                partial.unlink()


def _key() -> str:
    """A folder's name for all that compiled code depends on beside its function and types."""
    package = Path(__file__).resolve().parents[1]
    parts = []
    for room in SOURCES:
        for path in sorted((package / room).glob("*.py")):
            parts.append(f"{room}/{path.name}".encode())
            parts.append(path.read_bytes())
    settings = {}
    for name, value in os.environ.items():
        if name.startswith("NUMBA_") and name not in ("NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"):
            settings[name] = value
    versions = (numba.__version__, llvmlite.__version__, np.__version__, sys.version)
    features = binding.get_host_cpu_features()
    parts.append(repr((versions, sys.flags.optimize, sorted(settings.items()))).encode())
    parts.append(repr(sorted(features.items())).encode())
    return f"dcm-{_short_hash(b'/'.join(parts))}"


KEY = _key()  # of the sources as they are imported, whenever they are edited after that


def _usual_parent() -> Path | None:
    """The folder above the folder of compiled code, whatever the working directory becomes."""
    given = numba.config.CACHE_DIR
    try:
        parent = Path(given) if given else pooch.os_cache("dcm") / "kernels"
        return parent.expanduser().absolute()
    except RuntimeError:
        return None  # this user has no home


_place = SimpleNamespace(parent=_usual_parent(), tried_temporary=False, told_of_damage=False)


def _folder() -> Path:
    return (_place.parent or Path(os.devnull)) / KEY


def _keep_in_temporary_folder(name: str, data: bytes, reason: str) -> None:
    """Warn, and keep compiled code in a folder for this process and its children only."""
    if _place.tried_temporary:
        return
    _place.tried_temporary = True
    usual = _folder()
    where = usual if _place.parent else "a cache folder"
    if _place.parent is None:
        reason = "this user has no home folder"
    with contextlib.suppress(OSError):
        # not a shared, guessable place, as cached code is executed
        temporary = Path(tempfile.mkdtemp(prefix="dcm-kernels-"))
        atexit.register(shutil.rmtree, temporary, ignore_errors=True)
        with contextlib.suppress(OSError):
            shutil.copytree(usual, temporary / KEY)
        _write(temporary / KEY / name, data)
        _place.parent = temporary
        os.environ["NUMBA_CACHE_DIR"] = str(temporary)  # children inherit it
    warnings.warn(
        f"compiled code cannot be kept in {where} ({reason}), "
        "so every start compiles for some seconds; "
        "make this folder writable, or set NUMBA_CACHE_DIR to one that is",
        stacklevel=2,
    )


def _warn_of_damage(found: str) -> None:
    if not _place.told_of_damage:
        _place.told_of_damage = True
        warnings.warn(f"compiled code in {found}, so it is compiled again", stacklevel=2)
