"""Whatever the user's settings, encodings, kernels, folders and clocks: the same figures.

Each case runs a small notebook by ``python -m dcm figures`` in a small clone that is not installed,
in an environment put together at random; what it draws must be what a plain environment draws.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from dcm.commands import figures
from dcm.lab import paths
from dcm.lab.drawing import save_figure, use_style

ROOT = Path(__file__).resolve().parents[2]
DRAWING = """\
import sys
import matplotlib.pyplot as plt
import numpy as np
import dcm
from dcm.lab.drawing import save_figure, use_style

use_style()
figure, axes = plt.subplots(1, 2)
axes[0].plot(np.arange(-2, 3), 1000.5 * np.arange(5), label="λ é")
axes[0].set(title=r"mixing $\\lambda^2$", xlabel="−1 %")
axes[0].legend()
axes[1].imshow(np.eye(4))
axes[1].scatter([0, 1], [1, 2])
save_figure(figure, "drawn", profile)
print(ascii([sys.executable, dcm.__file__]))"""
# Of these no environment of a case has any but its own.
PREFIXES = ("MPL", "MATPLOTLIB", "PYTHON", "LC_", "LANG", "JUPYTER", "IPYTHON", "XDG", "DCM_")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home folder without settings; its caches serve all cases."""
    return tmp_path_factory.mktemp("home")


def make_clone(folder: Path, **metadata) -> Path:
    """A clone with one small notebook, at ``folder``."""
    (folder / "notebooks").mkdir(parents=True)
    shutil.copytree(ROOT / "dcm", folder / "dcm")
    tagged = {"tags": ["parameters"]}
    cells = [new_code_cell('profile = "quick"\nseed = 0', metadata=tagged), new_code_cell(DRAWING)]
    notebook = new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, folder / "notebooks" / "00_the_circuit.ipynb")
    shutil.copy(ROOT / "README.md", folder)
    return folder


def dcm(clone, home, *arguments, settings=(), flags=(), cwd="."):
    """What ``python -m dcm`` with ``arguments`` answers, in bytes, in the clone."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(PREFIXES)}
    plain = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    if cwd != ".":  # there Python finds the package, which is not installed, by itself
        plain["PYTHONPATH"] = str(clone)
    command = [sys.executable, *flags, "-m", "dcm", *arguments]
    environment = {**kept, **plain, **dict(settings)}
    folder = clone / cwd
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=900)


def drawn(clone) -> dict[str, bytes]:
    """The figures' files, and the images in the executed notebook."""
    files = {p.name: p.read_bytes() for p in (clone / "figures" / "quick").glob("drawn.*")}
    outputs = executed(clone)
    images = [o.data["image/png"].encode() for o in outputs if "image/png" in o.get("data", ())]
    return {**files, **{f"image {i} on the page": image for i, image in enumerate(images)}}


def executed(clone) -> list:
    """The outputs of the notebook's cell that draws."""
    notebook = nbformat.read(clone / "build" / "notebooks" / "quick" / "00_the_circuit.ipynb", 4)
    return notebook.cells[-1].outputs


def wrong(clone, answer, expected) -> str | None:
    """What is not as in a plain environment, in words."""
    said = (answer.stdout + answer.stderr).decode("utf-8", "replace")
    if answer.returncode or "Traceback" in said:
        return said.strip()[-300:]
    found = drawn(clone)
    if found.keys() != expected.keys():
        return f"drawn: {sorted(found)}"
    differing = [name for name in found if found[name] != expected[name]]
    if differing:
        return f"{', '.join(differing)} differ"
    if "2 figure files" not in said:
        return f"not counted: {said[-200:]}"
    printed = "".join(o.text for o in executed(clone) if o.get("name") == "stdout")
    python, package = ast.literal_eval(printed.strip())
    if python != sys.executable or not os.path.samefile(package, clone / "dcm" / "__init__.py"):
        return f"ran {package} by {python}"
    return None


@pytest.fixture(scope="module")
def expected(home, tmp_path_factory):
    """What a plain environment draws: an SVG, a PNG, and an image on the page."""
    clone = make_clone(tmp_path_factory.mktemp("plain") / "clone")
    answer = dcm(clone, home, "figures")
    assert answer.returncode == 0, answer.stderr.decode()
    assert len(drawn(clone)) == 3
    return drawn(clone)


def write(path: Path, text: str) -> None:
    """Write a file of settings, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


RC = (  # lines of a matplotlibrc
    "text.usetex: True",
    "figure.facecolor: black",
    "axes.facecolor: black",
    "savefig.facecolor: red",
    "font.family: A Font That Is Missing",
    "font.size: 30",
    "figure.figsize: 3, 2",
    "figure.dpi: 37",
    "savefig.dpi: 37",
    "savefig.bbox: tight",
    "savefig.transparent: True",
    "savefig.format: pdf",
    "svg.hashsalt: another",
    "svg.fonttype: none",
    "axes.formatter.use_locale: True",
    "axes.formatter.use_mathtext: True",
    "axes.unicode_minus: False",
    "axes.prop_cycle: cycler('color', 'rgb')",
    "mathtext.fontset: cm",
    "image.cmap: jet",
    "path.sketch: 1, 100, 2",
    "path.simplify: False",
    "text.antialiased: False",
    "text.hinting: none",
    "figure.autolayout: True",
    "backend: nonsense",
    "interactive: False",
    "a line that means nothing",
)
KERNEL = (  # lines of an ipython_kernel_config.py
    "c.InlineBackend.figure_formats = {'svg'}",
    "c.InlineBackend.rc = {'figure.dpi': 37, 'figure.facecolor': 'black'}",
    "c.InlineBackend.print_figure_kwargs = {'bbox_inches': None}",
    "c.InlineBackend.close_figures = False",
    "c.InteractiveShellApp.exec_lines = ['raise SystemExit']",
    "c.InteractiveShellApp.matplotlib = 'agg'",
    "c.IPKernelApp.matplotlib = 'agg'",
)
STARTUP = "import matplotlib\nmatplotlib.use('agg')\nprint('hello')\nmatplotlib = None\n"
VARIABLES = {
    "COLUMNS": ("1", "nonsense"),
    "FORCE_COLOR": ("1",),
    "LC_ALL": ("de_DE.UTF-8", "nonsense"),
    "NO_COLOR": ("1",),
    "OMP_NUM_THREADS": ("1", "7"),
    "PYTHONDEVMODE": ("1",),
    "PYTHONHASHSEED": ("0", "123"),
    "PYTHONOPTIMIZE": ("1", "2"),
    "PYTHONSTARTUP": ("/missing.py",),
    "PYTHONWARNINGS": ("error", "always", "nonsense"),
    "SOURCE_DATE_EPOCH": ("0", "1700000000"),
    "TZ": ("Asia/Kolkata", "nonsense"),
}
BACKENDS = ("agg", "svg", "pdf", "qtagg", "tkagg", "macosx", "nonsense", "module://nowhere", "")


def some(rng, values, most: int) -> list:
    """Up to ``most`` of ``values``, at least one."""
    return [str(v) for v in rng.choice(list(values), rng.integers(1, most + 1), replace=False)]


def matplotlib_settings(rng, clone, home) -> dict:
    """A backend, a matplotlibrc, settings of kernels: files in the clone or home, and variables."""
    settings = {"MPLBACKEND": str(rng.choice(BACKENDS))}
    place, variable = {
        0: (clone / "matplotlibrc", None),
        1: (clone / "notebooks" / "matplotlibrc", None),
        2: (home / ".config" / "matplotlib" / "matplotlibrc", None),
        3: (home / "rc", "MATPLOTLIBRC"),
        4: (home / "own" / "matplotlibrc", "MPLCONFIGDIR"),
    }[int(rng.integers(5))]
    write(place, "\n".join(some(rng, RC, len(RC))))
    if variable:
        settings[variable] = str(place if variable == "MATPLOTLIBRC" else place.parent)
    profile = home / ".ipython" / "profile_default"
    if rng.integers(2):
        profile = home / "elsewhere" / "profile_default"
        settings["IPYTHONDIR"] = str(profile.parent)
    write(profile / "ipython_kernel_config.py", "\n".join(some(rng, KERNEL, 4)))
    if rng.integers(2):
        write(profile / "startup" / "00.py", STARTUP)
        settings["PYTHONSTARTUP"] = str(profile / "startup" / "00.py")
    for name in some(rng, VARIABLES, 3):
        settings.setdefault(name, str(rng.choice(VARIABLES[name])))
    return settings


@pytest.mark.kind("matplotlib settings")
def test_no_setting_reaches_the_figures(tally, cases, expected, home, tmp_path):
    for seed in range(cases(2, 60)):
        clone = make_clone(tmp_path / str(seed) / "clone")
        own = tmp_path / str(seed) / "home"
        settings = matplotlib_settings(np.random.default_rng(seed), clone, own)
        settings = {"XDG_CACHE_HOME": str(home / "cache"), **settings}
        answer = dcm(clone, own, "figures", settings=settings)
        problem = wrong(clone, answer, expected)
        tally.case(wrong=problem and f"seed {seed}, {settings}: {problem}")
    assert not tally.problems


FOLDERS = (
    "clone",
    "a{b}c",
    "{}",
    "{profile}{",
    "with blanks  two",
    "per%cent %s %(x)s",
    "hash#tag",
    "größe λ 数",
    "$HOME ~ $$",
    "quote ' and \"",
    "semi;colon & [x]*?",
    "-dash",
    "deep/" + "/".join(["long" * 12] * 15),
    "clone.git",
    os.fsdecode(b"latin-1 \xfc"),
)
ARGV = {
    "another": ["/missing/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "ending": [sys.executable, "-c", "raise SystemExit(3)"],
}
METADATA = (
    {},
    {"kernelspec": {"name": "my-conda", "display_name": "Python (my-conda)", "language": "python"}},
    {"kernelspec": {"name": "my-conda", "display_name": "Python (my-conda)"}},
    {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
    {"kernelspec": {"name": "python3", "display_name": "x"}, "language_info": {"name": "julia"}},
    {"language_info": {"name": "python", "version": "2.7"}},
)


def kernels_and_folders(rng, place) -> tuple:
    """(the clone, its home, variables, flags of Python, the folder in the clone to start from)."""
    own = place / "home"
    kernels = {
        "JUPYTER_PATH": place / "jupyter" / "kernels",
        "": own / ".local" / "share" / "jupyter" / "kernels",
        "JUPYTER_DATA_DIR": place / "data" / "kernels",
    }
    variable = str(rng.choice(list(kernels)))
    argv = ARGV[str(rng.choice(list(ARGV)))]
    for name in ("python3", "my-conda"):
        spec = {"argv": argv, "display_name": "another", "language": "python"}
        write(kernels[variable] / name / "kernel.json", json.dumps(spec))
    settings = {variable: str(kernels[variable].parent)} if variable else {}
    metadata = METADATA[rng.integers(len(METADATA))]
    clone = make_clone(place / FOLDERS[rng.integers(len(FOLDERS))], **metadata)
    if rng.integers(4) == 0:
        link = place / "link to it"
        link.symlink_to(clone, target_is_directory=True)
        clone = link
    if rng.integers(4) == 0:
        own.mkdir(exist_ok=True)
        own.chmod(0o500)
    flags = [(), ("-OO",), ("-W", "error"), ("-X", "utf8=0")][rng.integers(4)]
    return clone, own, settings, flags, str(rng.choice([".", "notebooks", "dcm/lab"]))


@pytest.mark.kind("kernels and folders")
def test_notebooks_run_in_this_interpreter_in_any_folder(tally, cases, expected, home, tmp_path):
    for seed in range(10, 10 + cases(1, 60)):
        found = kernels_and_folders(np.random.default_rng(seed), tmp_path / str(seed))
        clone, own, settings, flags, cwd = found
        variables = {"XDG_CACHE_HOME": str(home / "cache"), **settings}
        answer = dcm(clone, own, "figures", settings=variables, flags=flags, cwd=cwd)
        problem = wrong(clone, answer, expected)
        tally.case(wrong=problem and f"seed {seed}, {clone.name!a} {settings} {flags}: {problem}")
    assert not tally.problems


ENCODINGS = (
    {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONUTF8": "0", "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONIOENCODING": "cp1252"},
    {"PYTHONUTF8": "0", "LC_ALL": "de_DE.CP1252"},
    {"PYTHONUTF8": "0", "LC_ALL": "de_DE.CP1252", "PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "cp437:strict"},
    {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONUTF8": "1"},
)


@pytest.fixture(scope="module")
def locales(tmp_path_factory):
    """A folder of locales with a Western Windows one, where the system can make one."""
    folder = tmp_path_factory.mktemp("locales")
    command = ["localedef", "-i", "de_DE", "-f", "CP1252", str(folder / "de_DE.CP1252")]
    if shutil.which("localedef"):
        subprocess.run(command, capture_output=True, timeout=60)
    return {"LOCPATH": str(folder)}


def in_ascii(printed: bytes) -> str:
    """What was printed, without all that is not ASCII or stands for it."""
    return re.sub(r"\\U\w{8}|\\u\w{4}|\\x\w\w", "", printed.decode("ascii", "backslashreplace"))


def garbled(command, answer, plain) -> str | None:
    """What is lost of the ``plain`` answer, in words."""
    if answer.returncode != plain.returncode or b"Traceback" in answer.stderr:
        return answer.stderr.decode("ascii", "replace")[-300:]
    if "--json" in command:
        same = json.loads(answer.stdout) == json.loads(plain.stdout)
    else:
        same = in_ascii(answer.stdout) == in_ascii(plain.stdout)
    return None if same else f"printed {answer.stdout[-300:]}"


@pytest.mark.kind("encodings")
def test_no_encoding_loses_what_is_printed_or_written(
    tally, cases, expected, home, locales, tmp_path
):
    clone = make_clone(tmp_path / "größe λ")
    page = clone / "figures" / "claims.md"
    readme = clone / "README.md"
    commands = (
        ["claims"],
        ["claims", "--json"],
        ["figures", "--help"],
        ["figures", "μ"],
        ["figures"],
    )
    plain = {tuple(command): dcm(clone, home, *command) for command in commands[:-1]}
    kept = (readme.read_bytes(), page.read_bytes())
    for seed in range(cases(5, 60)):
        settings = {**ENCODINGS[seed * 7 % len(ENCODINGS)], **locales}
        command = commands[seed % len(commands)]
        if command == ["claims"]:
            readme.write_bytes(kept[0].replace(b"verdict", b"judged"))
            page.unlink()
        answer = dcm(clone, home, *command, settings=settings)
        if command == ["figures"]:
            problem = wrong(clone, answer, expected)
        else:
            problem = garbled(command, answer, plain[tuple(command)])
        if (readme.read_bytes(), page.read_bytes()) != kept:
            problem = "README.md or claims.md differs"
        tally.case(wrong=problem and f"case {seed}, {command}, {settings}: {problem}")
    assert not tally.problems


@pytest.mark.kind("clocks")
def test_a_file_server_s_clock_may_be_wrong(tally, cases, capsys, monkeypatch, tmp_path):
    """Figures are counted that were written, whatever time the file server says it is."""
    monkeypatch.setattr(paths, "repository", lambda: tmp_path)
    monkeypatch.setattr(figures.notebooks, "repository", lambda: tmp_path)
    use_style()
    names = ("one", "two", "three")
    for name in names:
        save_figure(plt.figure(figsize=(1, 1)), name, "quick")
    for seed in range(cases(20, 100)):
        rng = np.random.default_rng(seed)
        late = float(rng.choice([-1, 1])) * 10 ** rng.uniform(-2, 8)
        chosen = some(rng, names, 3)

        def draw(jobs, n_parallel, chosen=chosen, late=late):
            for name in chosen:
                save_figure(plt.figure(figsize=(1, 1)), name, "quick")
                for path in paths.figure_folder("quick").glob(f"{name}.*"):
                    os.utime(path, (time.time() - late, time.time() - late))
                plt.close("all")
            return [], False

        monkeypatch.setattr(figures, "perform", draw)
        figures.draw([], "quick", 1)
        lines = capsys.readouterr().out.splitlines()
        listed = {Path(line).stem for line in lines if line.endswith(".svg")}
        counted = f"{2 * len(chosen)} figure files" in lines[-1]
        right = counted and listed == set(chosen)
        tally.case(wrong=None if right else f"seed {seed}, {late:.3g} s late: {lines}")
    assert not tally.problems
