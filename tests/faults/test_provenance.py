"""The commit that is stamped: the clone's own, «-dirty» where its code differs, or unknown.

Clones, archives and repositories around them are made anew; git's settings, hooks and environment
are against us.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_notebook

from dcm.commands import figures
from dcm.commands.cli import main
from dcm.lab import provenance

ROOT = Path(__file__).resolve().parents[2]
FILES = (
    "dcm/__init__.py",
    "dcm/lab/provenance.py",
    "notebooks/00_the_circuit.ipynb",
    "figures/a.svg",
    ".gitignore",
)
pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="no git on this system")


def git(folder, *arguments) -> str:
    """Git as a user runs it, whatever the environment of these tests."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "safe.directory=*")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", *who, "-C", str(folder), *arguments]
    done = subprocess.run(command, env=clean, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def write_ignored(folder, name):
    """A new file in a folder that hides itself from git."""
    write(folder, name, "new")
    write((folder / name).parent, ".gitignore", "*\n")


def source(folder) -> Path:
    """The files of a small repository like this one."""
    for name in FILES:
        write(folder, name, "build/\n*.log\n" if name == ".gitignore" else f"of {name}\n")
    return folder


def committed(folder) -> Path:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


# Places: how a user may have come by the code. Each returns its folder and whether the commit of
# that folder is known.


def plain_clone(folder):
    return committed(source(folder / "clone")), True


def clone_within_a_repository(folder):
    committed(source(folder))
    return committed(source(folder / "inner")), True


def worktree(folder):
    clone = committed(source(folder / "clone"))
    git(clone, "worktree", "add", "-q", "-b", "other", str(folder / "tree"))
    return folder / "tree", True


def shallow_detached(folder):
    clone = committed(source(folder / "clone"))
    write(clone, "dcm/__init__.py", "second")
    git(clone, "commit", "-qam", "second")
    git(folder, "clone", "-q", "--depth", "1", clone.as_uri(), str(folder / "shallow"))
    git(folder / "shallow", "checkout", "-q", "--detach")
    return folder / "shallow", True


def submodule(folder):
    clone = committed(source(folder / "clone"))
    outer = folder / "outer"
    write(outer, "README", "another project")
    committed(outer)
    allow = ("-c", "protocol.file.allow=always")
    git(outer, *allow, "submodule", "add", "-q", clone.as_uri(), "companion")
    git(outer, "commit", "-qm", "with it")
    return outer / "companion", True


def through_a_link(folder):
    committed(source(folder / "clone"))
    (folder / "link").symlink_to(folder / "clone")
    return (folder / "link").resolve(), True


def another_users(folder):
    clone = committed(source(folder / "clone"))
    if os.geteuid() == 0:  # what git calls «dubious ownership»
        for path in (clone, *clone.rglob("*")):
            os.chown(path, 4321, 4321)
    return clone, True


def archive(folder):
    return source(folder / "unpacked"), False


def archive_within_a_repository(folder):
    write(folder, "mine.py", "x")
    committed(folder)
    return source(folder / "unpacked"), False


def archive_tracked_by_another_repository(folder):
    source(folder / "vendored")
    write(folder, "dcm/lab/provenance.py", "a decoy at the top")
    committed(folder)
    return folder / "vendored", False


def site_packages_within_a_clone(folder):
    clone = committed(source(folder / "clone"))
    packages = clone / ".venv" / "lib" / "site-packages"
    write(packages, "dcm/lab/provenance.py", "x")
    return packages, False


def archive_at_the_top_of_a_repository_that_ignores_it(folder):
    write(folder, ".gitignore", "dcm\nnotebooks\n")
    write(folder, "mine.py", "x")
    committed(folder)
    for name in FILES[:3]:
        write(folder, name, "x")
    return folder, False


def repository_without_commits(folder):
    source(folder)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    return folder, False


def damaged_repository(folder):
    committed(source(folder))
    (folder / ".git" / "HEAD").write_bytes(b"\0\0")
    return folder, False


def nowhere(folder):
    return folder / "package.zip", False


PLACES = (
    plain_clone,
    clone_within_a_repository,
    worktree,
    shallow_detached,
    submodule,
    through_a_link,
    another_users,
    archive,
    archive_within_a_repository,
    archive_tracked_by_another_repository,
    site_packages_within_a_clone,
    archive_at_the_top_of_a_repository_that_ignores_it,
    repository_without_commits,
    damaged_repository,
    nowhere,
)

# Changes, and whether the code or the notebooks then differ from the commit.
CHANGES = {
    "none": (lambda d: None, False),
    "a figure drawn again": (lambda d: write(d, "figures/a.svg", "again"), False),
    "a new figure": (lambda d: write(d, "figures/b.svg", "new"), False),
    "an ignored file": (lambda d: write(d, "dcm/build/x.log", "noise"), False),
    "an edited module": (lambda d: write(d, "dcm/__init__.py", "edited"), True),
    "an edited notebook": (lambda d: write(d, "notebooks/00_the_circuit.ipynb", "edited"), True),
    "an untracked module": (lambda d: write(d, "dcm/new/module.py", "new"), True),
    "a module that git ignores": (lambda d: write_ignored(d, "dcm/new/module.py"), True),
    "an untracked notebook": (lambda d: write(d, "notebooks/07 é.ipynb", "new"), True),
    "a removed module": (lambda d: (d / "dcm/__init__.py").unlink(), True),
    "a staged module": (lambda d: (write(d, "dcm/b.py", "new"), git(d, "add", "dcm/b.py")), True),
}

# Settings and environments that must make no difference.


def fsmonitor(clone, monkeypatch, witness):
    program(witness.parent / "monitor", f"touch {witness}")
    git(clone, "config", "core.fsmonitor", str(witness.parent / "monitor"))


def no_untracked_files(clone, monkeypatch, witness):
    git(clone, "config", "status.showUntrackedFiles", "no")
    git(clone, "config", "status.short", "true")
    git(clone, "config", "status.branch", "true")
    git(clone, "config", "color.ui", "always")


def within_a_hook_of_another(clone, monkeypatch, witness):
    other = committed(source(witness.parent / "other"))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("GIT_PREFIX", "dcm/")


def settings_in_the_environment(clone, monkeypatch, witness):
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.worktree")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(witness.parent))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(clone))
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")


def no_home(clone, monkeypatch, witness):
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setenv("LANG", "xx_XX")


def nothing(clone, monkeypatch, witness):
    pass


SETTINGS = (
    nothing,
    fsmonitor,
    no_untracked_files,
    within_a_hook_of_another,
    settings_in_the_environment,
    no_home,
)


def program(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.kind("provenance")
@pytest.mark.skipif(os.name == "nt", reason="links and owners differ on Windows")
def test_the_commit_is_the_clones_own_or_unknown(tally, cases, monkeypatch, tmp_path):
    for seed in range(cases(len(PLACES), 150)):
        rng = np.random.default_rng(seed)
        place = PLACES[seed % len(PLACES)]
        change = str(rng.choice(list(CHANGES)))
        setting = SETTINGS[rng.integers(len(SETTINGS))]
        folder = tmp_path / str(seed)
        folder.mkdir()
        clone, known = place(folder)
        expected = "unknown"
        apply, dirty = CHANGES[change]
        if known:
            expected = git(clone, "rev-parse", "HEAD")[:12]
            expected += "-dirty" if dirty else ""
            apply(clone)
        witness = folder / "touched"
        with monkeypatch.context() as patch:
            if known and place is not another_users:
                setting(clone, patch, witness)
            index = clone / ".git" / "index"
            before = index.read_bytes() if index.is_file() else None
            found = provenance.commit(clone)
        wrong = None if found == expected else f"{found} in place of {expected}"
        if witness.exists():
            wrong = "a program of the repository's settings was run"
        lost = None
        if before is not None and index.read_bytes() != before:
            lost = "git's index was written"
        about = f"seed {seed}, {place.__name__}, {change}, {setting.__name__}: "
        tally.case(lost=lost and about + lost, wrong=wrong and about + wrong)
    assert not tally.problems


@pytest.mark.kind("provenance")
@pytest.mark.skipif(os.name == "nt", reason="shell scripts")
@pytest.mark.parametrize("kind", ["missing", "fails", "hangs", "leaves a child", "no program"])
def test_without_a_git_that_works_the_commit_is_unknown(tally, monkeypatch, tmp_path, kind):
    clone = committed(source(tmp_path / "clone"))
    folder = tmp_path / "bin"
    folder.mkdir()
    pid = tmp_path / "pid"
    scripts = {
        "fails": "echo abc; exit 1",
        "hangs": f"echo $$ > {pid}; exec sleep 60",
        "leaves a child": f"sleep 60 & echo $! > {pid}",
    }
    if kind in scripts:
        program(folder / "git", f"PATH={os.environ['PATH']}; {scripts[kind]}")
    if kind == "no program":
        (folder / "git").write_bytes(b"\0")
        (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(provenance, "PATIENCE", 0.5)
    began = time.monotonic()
    found = provenance.commit(clone)
    wrong = None if found == "unknown" else f"{kind}: {found}"
    if time.monotonic() - began > 10:
        wrong = f"{kind}: took {time.monotonic() - began:.0f} s"
    until = time.monotonic() + 5
    while pid.exists() and is_running(int(pid.read_text("utf-8"))):
        if time.monotonic() > until:
            wrong = f"{kind}: a process is left behind"
            break
        time.sleep(0.02)
    tally.case(wrong=wrong)
    assert not tally.problems


def is_running(pid) -> bool:
    """Whether the process is alive; one that has ended may not have been waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc/self").exists()


# Two clones

PARAMETERS = {"metadata": {"tags": ["parameters"]}, "source": ["profile = 'quick'\n", "seed = 0"]}
NOTEBOOK = json.dumps({"cells": [PARAMETERS]})

ASK = """
import json, sys
from dcm.lab import paths
from dcm.lab.provenance import provenance
answer = {"code": str(paths.code()), "about": provenance()}
for writes in (False, True):
    try:
        answer[str(writes)] = paths.mixed(writes)
    except paths.WrongCode as error:
        answer[str(writes)] = f"refused: {error}"
print(json.dumps(answer))
"""


def two_clones(folder, change) -> tuple[Path, Path]:
    """Clone A of this package, and clone B in which something was changed."""
    made = []
    for name in "AB":
        clone = folder / name
        shutil.copytree(ROOT / "dcm", clone / "dcm", ignore=shutil.ignore_patterns("__pycache__"))
        write(clone, "notebooks/00_the_circuit.ipynb", NOTEBOOK)
        write(clone, "pyproject.toml", f'[project]\nname = "dcm"\nversion = "{name}"')
        write(clone, ".gitignore", "__pycache__/\n")
        made.append(clone)
    clone = made[1]
    if change == "an edited module":
        write(clone, "dcm/lab/verdict.py", "edited")
    if change == "a new module":
        write(clone, "dcm/new.py", "new")
    if change == "line endings":
        text = (clone / "dcm" / "__init__.py").read_bytes()
        (clone / "dcm" / "__init__.py").write_bytes(text.replace(b"\n", b"\r\n"))
    if change == "no package":
        shutil.rmtree(clone / "dcm")
    return committed(made[0]), committed(clone)


@pytest.mark.kind("provenance")
@pytest.mark.parametrize(
    "change", ["none", "an edited module", "a new module", "line endings", "no package"]
)
def test_code_of_one_clone_on_notebooks_of_another_is_said(tally, tmp_path, change):
    a, b = two_clones(tmp_path, change)
    for here in (a, b / "notebooks"):
        # As an installed package would be found: by a path that is not the working folder's.
        environment = {**os.environ, "PYTHONPATH": str(a)}
        command = [sys.executable, "-P", "-c", ASK]
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True)
        answer = json.loads(done.stdout)
        about = answer["about"]
        differs = change in ("an edited module", "a new module")
        wrong = None
        if about["commit"] != git(a, "rev-parse", "HEAD")[:12]:
            wrong = f"commit {about['commit']}"
        if about["packages"]["dcm"] != "A":
            wrong = f"version {about['packages']['dcm']} of the code is not A's"
        if here == a:
            if answer["False"] or answer["True"] or "notebooks_commit" in about:
                wrong = f"nothing is mixed here: {answer}"
        else:
            of_b = git(b, "rev-parse", "HEAD")[:12]
            if change == "no package":
                of_b = "unknown"
            if about.get("notebooks_commit") != of_b:
                wrong = f"the notebooks' commit is not B's: {about}"
            if differs or change == "no package":
                for text in (answer["False"], answer["True"]):
                    if str(a) not in text or str(b) not in text or "\n" in text:
                        wrong = f"not both folders in one line: {text!r}"
            elif answer["False"] or answer["True"]:
                wrong = f"the code is the same: {answer}"
            if answer["True"].startswith("refused") != differs:
                wrong = f"may A's code write B's results? {answer['True']!r}"
        tally.case(wrong=wrong and f"{change} in {here.name}: {wrong}")
    assert not tally.problems


@pytest.mark.kind("provenance")
@pytest.mark.parametrize("command", ["figures --profile paper", "claims"])
def test_what_is_kept_is_written_by_a_clones_own_code_only(tally, monkeypatch, tmp_path, command):
    b = two_clones(tmp_path, "an edited module")[1]
    monkeypatch.chdir(b)
    before = sorted(b.rglob("*"))
    answer = CliRunner().invoke(main, command.split())
    wrong = None
    line = answer.stderr.splitlines()[0] if answer.stderr else ""
    if str(b) not in line or str(ROOT / "dcm") not in line or "python -m dcm" not in line:
        wrong = f"not both folders and a remedy in one line: {answer.output!r}"
    if answer.exit_code != 2 or answer.output.count("\n") != 1:
        wrong = f"not refused: {answer.output!r}"
    lost = None if sorted(b.rglob("*")) == before else "the other clone was written to"
    tally.case(lost=lost, wrong=wrong and f"{command}: {wrong}")
    assert not tally.problems


@pytest.mark.kind("provenance")
@pytest.mark.parametrize("change", ["none", "an edited module", "no package"])
def test_figures_note_code_and_notebooks_of_two_places(tally, monkeypatch, tmp_path, change):
    b = two_clones(tmp_path, change)[1]
    monkeypatch.chdir(b)
    monkeypatch.setattr(figures, "draw", lambda *arguments: 0)  # nothing need be run
    answer = CliRunner().invoke(main, ["figures"])
    wrong = None if answer.exit_code == 0 else f"status {answer.exit_code}: {answer.output!r}"
    noted = answer.stderr.startswith("note: this is the clone") and answer.stderr.count("\n") == 1
    if noted != (change != "none") or (noted and str(ROOT / "dcm") not in answer.stderr):
        wrong = f"printed {answer.stderr!r}"
    tally.case(wrong=wrong and f"{change}: {wrong}")
    assert not tally.problems


@pytest.mark.kind("provenance")
def test_kernels_run_the_code_of_the_command_that_started_them(tally, tmp_path):
    a, b = two_clones(tmp_path, "none")
    tagged = {"tags": ["parameters"]}
    cells = [new_code_cell("profile = 'quick'\nseed = 0", metadata=tagged)]
    cells.append(new_code_cell("import dcm; print(dcm.__file__)"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, b / "notebooks" / "00_the_circuit.ipynb")
    environment = {**os.environ, "PYTHONPATH": str(a)}  # as if clone A were installed
    command = [sys.executable, "-m", "dcm", "figures", "the_circuit"]
    done = subprocess.run(command, cwd=b, env=environment, capture_output=True, text=True)
    executed = nbformat.read(b / "build" / "notebooks" / "quick" / "00_the_circuit.ipynb", 4)
    used = executed.cells[-1].outputs[0].text.strip()
    wrong = None if Path(used) == b / "dcm" / "__init__.py" else f"{used}\n{done.stderr}"
    tally.case(wrong=wrong)
    assert not tally.problems
