"""Where the four files of MNIST are: in ``$DCM_DATA``, or in the user's cache, or at a mirror.

A file is MNIST's if what it holds, unzipped, has the right SHA-256: names, folders and packing may
differ. Whatever is wrong with a source, the message says what was tried and why it failed.
"""

import gzip
import hashlib
import io
import os
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from dcm.model import files

TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
# Bytes that each file holds unzipped, and their SHA-256; from the four files of the mirrors.
FILES = {
    TRAIN_IMAGES: (47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    TRAIN_LABELS: (60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    TEST_IMAGES: (7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    TEST_LABELS: (10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
}
# Below a folder, where torchvision and archives of the files put them:
FOLDERS = (".", "raw", "MNIST", "MNIST/raw", "mnist", "mnist/raw", *FILES)
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
SILENCE = 10.0  # seconds that a mirror may say nothing [chosen]
LONGEST = 300.0  # seconds that a file may take [chosen]
PACKED = b"\x1f\x8b"  # how a gzip file begins, whatever its name
REMEDY = (
    f"put the four files {', '.join(FILES)} (zipped or not) into a folder and set DCM_DATA to it"
)


class DataUnavailable(RuntimeError):
    """MNIST is neither on this machine nor to be had from a mirror."""


class DataError(ValueError):
    """The folder that ``DCM_DATA`` names must not be used."""


@dataclass(frozen=True)
class Found:
    """What the four files hold, unzipped, by name; and where they were found."""

    content: dict[str, bytes]
    source: str  # in words
    folder: Path | None  # that holds all four; None if they could not be kept


def find(download: bool = True) -> Found:
    """The four files: from where ``$DCM_DATA`` says, or else from the cache and the mirrors.

    ``DCM_DOWNLOAD=0`` in the environment forbids the mirrors, as ``download=False`` does.
    ``DataError`` says why ``$DCM_DATA`` must not be used; ``DataUnavailable`` what was tried
    elsewhere, and why it failed.
    """
    given = given_folder()
    if given is not None:
        content, problem = _in_folder(given)
        if problem:
            raise DataError(f"DCM_DATA is {given}: {problem}; {REMEDY}, or unset it")
        return Found(content, "DCM_DATA", given)
    cache = _cache()
    content, problem = _in_folder(cache) if cache else ({}, "there is no home folder for it")
    if not problem:
        return Found(content, "the user's cache", cache)
    tried = [f"the cache {cache or ''}: {problem}"]
    if download and os.environ.get("DCM_DOWNLOAD", "").strip() != "0":
        return _downloaded(content, cache, tried)
    tried.append(f"the mirrors: not asked ({'DCM_DOWNLOAD=0' if download else 'download=False'})")
    raise _unavailable(tried)


def given_folder() -> Path | None:
    """The folder that ``$DCM_DATA`` names, absolute; None where it is not set or blank.

    ``~`` is the home folder; blanks and quotes around the name are no part of it.
    """
    name = os.environ.get("DCM_DATA", "").strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    if not name:
        return None
    try:
        return Path(os.path.abspath(os.path.expanduser(name)))
    except FileNotFoundError:
        words = f"DCM_DATA is {name}, but the working folder is gone; give an absolute name"
        raise DataError(words) from None


def for_children(spare: Path) -> tuple[str, str]:
    """Find MNIST once for all processes started from here on: they look there, nowhere else.

    Returns the name and source of the data that they use, and details: the folder, or why these
    are the small digits. What can be kept neither here nor in the cache goes to ``spare``.
    """
    try:
        found = find()
    except DataUnavailable as problem:
        os.environ["DCM_DOWNLOAD"] = "0"
        return "small digits (not MNIST)", str(problem)
    folder = found.folder or spare
    if found.folder is None:
        kept = [_keep(spare, name, held) for name, held in found.content.items()]
        if not all(kept):
            return f"MNIST from {found.source}", f"every process downloads it: {spare} is full"
    os.environ["DCM_DATA"] = str(folder)
    return f"MNIST from {found.source}", str(folder)


def _downloaded(content: dict, cache: Path | None, tried: list[str]) -> Found:
    """``content`` of the cache, completed from the mirrors and kept in the cache if possible."""
    folder = cache
    for mirror in MIRRORS:
        received, problem = _from_mirror(mirror, [name for name in FILES if name not in content])
        for name, file in received.items():
            content[name] = _unpacked(io.BytesIO(file), name)
            if folder and not _keep(folder, name, file):
                folder = None
        if not problem:
            return Found(content, mirror, folder)
        tried.append(f"{mirror}: {problem}")
    raise _unavailable(tried)


def _unavailable(tried: list[str]) -> DataUnavailable:
    return DataUnavailable(f"MNIST was not found. Tried {'; '.join(tried)}. Remedy: {REMEDY}.")


def _cache() -> Path | None:
    """The user's cache folder, which need not exist; None for a user without a home."""
    import pooch

    folder = Path(pooch.os_cache("dcm"))
    return folder if folder.is_absolute() else None


def _in_folder(folder: Path) -> tuple[dict[str, bytes], str]:
    """What those of the four files hold that are there, and what is wrong with the others."""
    try:
        candidates, problems = _candidates(folder)
    except OSError as error:
        return {}, _in_words(error)
    content = {}
    for name in FILES:
        failures = []
        for path in candidates[name]:
            try:
                content[name] = _read(path, name)
                break
            except OSError as error:
                failures.append(f"{path.relative_to(folder)} cannot be read ({_in_words(error)})")
            except ValueError as error:
                failures.append(f"{path.relative_to(folder)} {error}")
        else:
            problems += failures or [f"{name} is absent"]
    if len(content) == len(FILES):
        return content, ""
    if problems == [f"{name} is absent" for name in FILES]:
        problems = ["it holds none of the four files"]
    return content, ", ".join(problems)


def _candidates(folder: Path) -> tuple[dict[str, list[Path]], list[str]]:
    """Files that are called as one of the four, more or less; and folders that cannot be read."""
    candidates = {name: [] for name in FILES}
    problems = []
    for below in FOLDERS:
        try:
            entries = sorted(os.listdir(folder / below))
        except OSError as error:
            if below == ".":
                raise
            if os.path.isdir(folder / below):
                problems.append(f"{below} cannot be read ({_in_words(error)})")
            continue
        for entry in entries:
            # As train-images.idx3-ubyte, T10K-IMAGES-IDX3-UBYTE.GZ
            name = entry.lower().removesuffix(".gz").replace(".", "-").replace("_", "-")
            path = folder / below / entry
            if name in FILES and not path.is_dir():
                candidates[name].append(path)
    return candidates, problems


def _read(path: Path, name: str) -> bytes:
    """What the file holds, unzipped; ``ValueError`` if that is not what ``name`` should hold."""
    if path.exists() and not path.is_file():
        raise ValueError("is not a plain file")  # opening a pipe would wait for ever
    with open(path, "rb") as file:
        return _unpacked(file, name)


def _unpacked(file, name: str) -> bytes:
    """As ``_read``, of an open file; never more than the right length is unzipped."""
    length, sha256 = FILES[name]
    packed = file.read(2) == PACKED
    file.seek(0)
    try:
        held = (gzip.GzipFile(fileobj=file) if packed else file).read(length + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError("is truncated or damaged") from error
    if len(held) < length:
        raise ValueError(f"is truncated or not MNIST's: {len(held)} of {length} bytes")
    if hashlib.sha256(held).hexdigest() != sha256:
        raise ValueError("is not MNIST's: the SHA-256 of what it holds differs")
    return held


def _from_mirror(mirror: str, names: list[str]) -> tuple[dict[str, bytes], str]:
    """Those of the files ``names`` that the mirror has, as they came, and what was wrong."""
    import pooch

    received = {}
    problems = []
    for name in names:
        file = _Received(FILES[name][0])
        try:
            pooch.HTTPDownloader(timeout=SILENCE)(f"{mirror}{name}.gz", file, None)
            _unpacked(io.BytesIO(file.getvalue()), name)
            received[name] = file.getvalue()
        except OSError as error:
            problems.append(f"{name}.gz: {_in_words(error)}")
            if getattr(error, "response", None) is None and not file.tell():
                break  # no answer: do not wait for one to each of the other files
        except ValueError as error:
            problems.append(f"{name}.gz {error}")
    return received, ", ".join(problems)


class _Received(io.BytesIO):
    """What a mirror sends: neither more than it should nor for ever."""

    def __init__(self, length: int):
        super().__init__()
        self.longest = length + 1000  # a zipped file may be a little longer than what it holds
        self.until = time.monotonic() + LONGEST

    def write(self, chunk) -> int:
        """Keep what has come; ``ValueError`` where it is too long, ``TimeoutError`` too slow."""
        if self.tell() + len(chunk) > self.longest:
            raise ValueError("is longer than MNIST's")
        if time.monotonic() > self.until:
            raise TimeoutError(f"took more than {LONGEST:.0f} s")
        return super().write(chunk)


def _in_words(error: OSError) -> str:
    """A few words on why a file cannot be read or a mirror did not send it."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP status {response.status_code}"
    if error.strerror:
        return error.strerror
    cause = getattr(error.args[0] if error.args else None, "reason", error)
    return f"no connection ({type(cause).__name__})" if cause is not error else str(error)


def _keep(folder: Path, name: str, file: bytes) -> bool:
    """Write a file into ``folder``, whole or not at all; whether that was possible."""
    try:
        files.write(folder / (f"{name}.gz" if file.startswith(PACKED) else name), file)
    except OSError:
        return False
    return True
