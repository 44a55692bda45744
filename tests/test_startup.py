"""The cost of starting, and places where compiled code cannot be kept or made."""

import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dcm import LearningRates
from dcm.model.circuit import WEIGHTS

from circuits import make_circuit

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {
    "numba",
    "llvmlite",
    "matplotlib",
    "pandas",
    "sklearn",
    "torch",
    "jupyterlab",
    "IPython",
    "nbformat",
    "papermill",
    "pooch",
    "tqdm",
    "ipywidgets",
}
LEARN = """
import numpy as np
from dcm import Circuit, LearningRates, kernels
circuit = Circuit.load("circuit.npz")
data = np.load("data.npz")
rates = LearningRates(0.002, 0.001, 0.003)
circuit, _ = kernels.learn(circuit, data["inputs"], data["targets"], rates)
circuit.save("learned.npz")
"""

COUNT = """
from dcm.kernels import steady
kept = [f for f in vars(steady).values() if hasattr(getattr(f, "_cache", None), "_bytecode")]
stats = [f.stats for f in kept]
missed = sum(sum(s.cache_misses.values()) for s in stats)
print(any(s.cache_hits for s in stats), missed, flush=True)
"""


def python(code, cwd=ROOT, **environment):
    """Output of ``code`` in a fresh process, with each of our warnings shown."""
    shown = "always::UserWarning"
    environment = {**os.environ, "PYTHONWARNINGS": shown, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=True, timeout=300
    )


@pytest.mark.parametrize(
    "what",
    [
        "import dcm",
        "from dcm.commands.cli import main; main(['-h'], standalone_mode=False)",
        "from dcm.commands.cli import main; main(['figures', '-h'], standalone_mode=False)",
    ],
    ids=["import", "help", "help on figures"],
)
def test_starting_loads_nothing_heavy(what):
    loaded = python(f"import sys; {what}; print(*sys.modules, file=sys.stderr)").stderr.split()
    assert "numpy" in loaded
    assert not HEAVY & {name.partition(".")[0] for name in loaded}


@pytest.fixture
def task(tmp_path, rng):
    """A folder with a circuit and patterns, and what ``kernels.learn`` makes of them here."""
    from dcm import kernels

    circuit = make_circuit((6, 5, 3))
    inputs, targets = rng.uniform(-1, 1, (20, 6)), rng.normal(size=(20, 3))
    circuit.save(tmp_path / "circuit.npz")
    np.savez(tmp_path / "data.npz", inputs=inputs, targets=targets)
    return tmp_path, kernels.learn(circuit, inputs, targets, LearningRates(0.002, 0.001, 0.003))[0]


def assert_learned(folder, expected):
    learned = type(expected).load(folder / "learned.npz")
    for name in WEIGHTS:
        for a, b in zip(getattr(learned, name), getattr(expected, name), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.compiled
def test_compiled_code_is_found_by_the_next_process(task):
    folder, expected = task
    answer = python(LEARN + COUNT, folder)
    assert_learned(folder, expected)
    assert answer.stdout.split() == ["True", "0"], "found, and nothing compiled again"
    assert answer.stderr == ""


@pytest.mark.compiled
@pytest.mark.slow
def test_a_folder_that_takes_no_file_costs_one_warning_with_its_remedy(task):
    folder, expected = task
    (folder / "in the way").write_text("a file where the cache folder should be", "utf-8")
    blocked = str(folder / "in the way")
    command = f"[sys.executable, '-c', {LEARN + COUNT!r}]"
    child = f"import subprocess, sys; subprocess.run({command}, check=True)"
    answer = python(
        f"{LEARN}{child}; import os; print(os.environ['NUMBA_CACHE_DIR'])",
        folder,
        NUMBA_CACHE_DIR=blocked,
    )
    assert_learned(folder, expected)
    assert answer.stderr.count("Warning") == 1, "one warning, and none from a child process"
    assert f"cannot be kept in {blocked}" in answer.stderr
    assert "make this folder writable, or set NUMBA_CACHE_DIR" in answer.stderr
    *counted, temporary = answer.stdout.split()
    assert counted == ["True", "0"], "a child process finds what its parent compiled"
    assert not Path(temporary).exists(), "the temporary folder is gone"


@pytest.mark.compiled
@pytest.mark.slow
def test_a_damaged_kernel_is_compiled_again_with_one_warning(task):
    folder, expected = task
    kept = folder / "kept"
    python(LEARN, folder, NUMBA_CACHE_DIR=str(kept))
    for path in kept.glob("dcm-*/*"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    damaged = python(LEARN + COUNT, folder, NUMBA_CACHE_DIR=str(kept))
    assert_learned(folder, expected)
    assert damaged.stderr.count("Warning") == 1
    assert f"{path} is damaged" in damaged.stderr
    assert damaged.stdout.split() == ["False", "1"]
    mended = python(LEARN + COUNT, folder, NUMBA_CACHE_DIR=str(kept))
    assert_learned(folder, expected)
    assert mended.stderr == ""
    assert mended.stdout.split() == ["True", "0"]


PLACE = "from dcm.kernels import steady; print(steady._patterns.stats.cache_path)"


@pytest.mark.compiled
def test_the_folder_of_compiled_code_is_named_after_all_that_is_compiled_in(tmp_path):
    package = tmp_path / "dcm"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "dcm", package, ignore=ignored)
    given = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": "a {folder} of 100 %"}

    def place(code=PLACE, **environment):
        return Path(python(code, tmp_path, **given, **environment).stdout.strip())

    first = place()
    assert first.parent == tmp_path / "a {folder} of 100 %"
    assert place(f"import dcm.kernels, os; os.chdir('/'); {PLACE}") == first
    assert place(NUMBA_NUM_THREADS="1") == first
    found = {first, place(NUMBA_BOUNDSCHECK="1"), place(PYTHONOPTIMIZE="2")}
    for module, name in [("settle/learning.py", "RUNAWAY"), ("settle/equilibrium.py", "TOLERANCE")]:
        path = package / module
        source = path.read_text("utf-8")
        assert f"\n{name} = 1e" in source
        path.write_text(source.replace(f"\n{name} = 1e", f"\n{name} = 2e"), "utf-8")
        found.add(place())
    assert len(found) == 5
    assert {path.parent for path in found} == {first.parent}


BROKEN = """
import builtins, sys
imported = builtins.__import__
def broken(name, *args, **kwargs):
    if name.partition(".")[0] == "numba":
        raise {error}
    return imported(name, *args, **kwargs)
builtins.__import__ = broken
"""


OTHER_NUMPY = "Numba needs NumPy 2.0 or less. Got NumPy 2.9."


@pytest.mark.parametrize(
    ("before", "environment", "words"),
    [
        ("import sys; sys.modules['numba'] = None", {}, "Numba cannot be used"),
        (BROKEN.format(error=f"ImportError('{OTHER_NUMPY}')"), {}, OTHER_NUMPY),
        (BROKEN.format(error="SystemError('_internal failed')"), {}, "_internal failed"),
        ("", {"NUMBA_DISABLE_JIT": "1"}, "Numba is switched off (NUMBA_DISABLE_JIT)"),
    ],
    ids=["missing", "other NumPy", "broken", "switched off"],
)
def test_without_numba_the_plain_twins_run_with_one_notice(task, before, environment, words):
    folder, expected = task
    answer = python(f"{before}{LEARN}", folder, **environment)
    assert_learned(folder, expected)
    assert answer.stderr.count("Warning") == 1
    for each in (words, "a hundred times slower", "MNIST: about ten times", "pip install numba"):
        assert each in answer.stderr


def test_the_plain_twins_have_the_kernels_signatures():
    from dcm import kernels
    from dcm.kernels import plain

    assert kernels.__all__ == plain.__all__
    for name in kernels.__all__:
        assert inspect.signature(getattr(kernels, name)) == inspect.signature(getattr(plain, name))


@pytest.mark.compiled
def test_plain_backprop_loop_equals_the_fast_one(rng):
    from dcm import kernels
    from dcm.kernels import plain

    sizes, order = (12, 9, 8, 5), rng.permutation(40)
    inputs, targets = rng.uniform(0, 1, (40, 12)), rng.normal(size=(40, 5))
    start = make_circuit(sizes)
    learned = []
    for module in (plain, kernels):
        w, b = [x.copy() for x in start.w_up], [x.copy() for x in start.b_up]
        module.learn_backprop(w, b, inputs, targets, 0.3, order=order)
        learned.append([*w, *b])
    for slow, fast, before in zip(*learned, [*start.w_up, *start.b_up], strict=True):
        assert np.abs(slow - before).max() > 1e-3
        np.testing.assert_allclose(fast, slow, rtol=1e-10, atol=1e-12)


EVERY_KERNEL = """
import numpy as np
from dcm import Circuit, LearningRates, Logistic, SoftRectifier, kernels
rng = np.random.default_rng(0)
rates = LearningRates(0.0005, 0.0011, 0.0029, 0.0001, thresholds=True)
for transfer in (SoftRectifier(), Logistic()):
    circuit = Circuit.random((30, 20, 10), rng, transfer=transfer)
    inputs, targets = rng.uniform(-1, 1, (8, 30)), rng.normal(size=(8, 10))
    noise = {"rng": np.random.default_rng(1), "noise": 0.3, "rates": rates}
    print(kernels.learn(circuit, inputs, targets, rates)[0].w_up[0].tobytes().hex())
    print(kernels.integrate(circuit, inputs, targets, **noise).circuit.w_up[0].tobytes().hex())
rates, order = LearningRates(0.05, 0.1, 0.02, 0.01, thresholds=True), np.arange(8)
learned = kernels.learn_two_pass(circuit, inputs, targets, rates, order=order)
print(learned.w_up[0].tobytes().hex())
w, b = [x.copy() for x in circuit.w_up], [x.copy() for x in circuit.b_up]
kernels.learn_backprop(w, b, inputs, targets, 0.1, order=order)
print(w[0].tobytes().hex())
"""


@pytest.mark.compiled
@pytest.mark.slow
def test_a_process_that_compiles_and_one_that_loads_give_the_same_bits(tmp_path):
    first, second = (python(EVERY_KERNEL, NUMBA_CACHE_DIR=str(tmp_path)).stdout for _ in range(2))
    assert first.count("\n") == 6
    assert first == second
