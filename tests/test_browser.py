"""Every notebook with a widget in JupyterLab and Chromium, worked by keyboard alone.

Nothing may leave the machine. Skipped where Chromium or Playwright is missing; with
DCM_REQUIRE_BROWSER=1 in the environment that fails instead.
Screenshots of every control, once moved, are kept in build/screenshots/.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import nbformat
import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[1]
SHOTS = ROOT / "build" / "screenshots"
WIDGET = "live(explorer."
LIVE = [
    path
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb"))
    if WIDGET in path.read_text("utf-8")
]
# Their experiments take minutes; their explorers must do without.
LONG = ("03_teacher_regression", "04_mnist")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
# Generous, for machines that do other things at the same time.
PATIENCE = 300_000  # ms for a notebook's run
MOMENT = 60_000  # ms for one redrawn figure


@pytest.fixture(scope="module")
def chromium():
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    missing = []
    if not executable:
        missing.append("Chromium is not on this machine (Debian: apt-get install chromium)")
    if not find_spec("playwright"):
        missing.append("Playwright is not installed (pip install playwright)")
    if missing:
        refuse = pytest.fail if os.environ.get("DCM_REQUIRE_BROWSER") == "1" else pytest.skip
        refuse("; ".join(missing))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address of a JupyterLab whose every folder is a temporary one, on copies of the notebooks."""
    home = tmp_path_factory.mktemp("lab")
    for path in LIVE:
        notebook = nbformat.read(path, as_version=4)
        if path.stem in LONG:
            notebook.cells = set_up(notebook.cells) + explore_section(notebook.cells)
        for cell in notebook.cells:
            # A fresh reader's view, and nothing to mistake for this run's.
            if cell.cell_type == "code":
                cell.outputs = []
                cell.execution_count = None
        (home / "root").mkdir(exist_ok=True)
        nbformat.write(notebook, home / "root" / path.name)
    (home / "config" / "labconfig").mkdir(parents=True)
    (home / "config" / "labconfig" / "default_setting_overrides.json").write_text(
        json.dumps(SETTINGS), "utf-8"
    )
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    env |= {name: str(home / folder) for name, folder in folders.items()} | {
        "PYTHONPATH": str(ROOT)
    }
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        f"--ServerApp.root_dir={home / 'root'}",
        "--LabApp.extension_manager=readonly",
    ]
    with open(home / "log.txt", "w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log, cwd=home)
    try:
        wait_for(f"http://127.0.0.1:{port}/api/status", server, home / "log.txt")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()  # ends its kernels too
        server.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(address, server, log):
    """Until the server answers; an early end shows its log."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            assert server.poll() is None, log.read_text("utf-8")
            time.sleep(0.4)
    raise AssertionError(f"JupyterLab does not answer: {log.read_text('utf-8')}")


def set_up(cells):
    """Everything up to the parameters: imports and titles."""
    last = next(i for i, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", ()))
    return cells[: last + 1]


def explore_section(cells):
    """The cells from the heading «Explore» to the next heading."""
    heads = [
        bool(cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M))
        for cell in cells
    ]
    first = next(i for i, cell in enumerate(cells) if cell.source.startswith("## Explore"))
    after = next(i for i in range(first + 1, len(cells)) if heads[i])
    return cells[first:after]


@pytest.fixture(scope="module", params=LIVE, ids=lambda path: path.stem)
def opened(request, lab, chromium):
    """A notebook after Run All, its widget alive: page, controls, complaints of the browser."""
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    complaints = []
    hosts = set()
    page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda sent: hosts.add(urlsplit(sent.url).hostname))
    try:
        run_all(page, f"{lab}/lab/workspaces/{request.param.stem}/tree/{request.param.name}")
    except Exception:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{request.param.stem}-failed.png")
        print(*complaints, sep="\n")
        raise
    box = page.locator(".widget-vbox").first
    box.scroll_into_view_if_needed()
    yield SimpleNamespace(
        page=page,
        stem=request.param.stem,
        box=box,
        complaints=complaints,
        hosts=hosts,
        start=box.locator("img").first.get_attribute("src"),
        controls=box.locator("[role=slider]").all(),
        button=box.get_by_role("button"),
    )
    page.close()


def run_all(page, address):
    """Open a notebook, run its cells by the menu, wait until the widget shows its first figure."""
    page.goto(address, timeout=PATIENCE)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=PATIENCE)
    # The status bar: only now is there a kernel to run on.
    page.get_by_text("| Idle").first.wait_for(timeout=PATIENCE)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.locator(".widget-vbox img").or_(errors(page)).first.wait_for(timeout=PATIENCE)
    assert not errors(page).all_inner_texts()


def figure(opened) -> str:
    """The picture that the widget shows, as its data address."""
    return opened.box.locator("img").first.get_attribute("src")


def press(opened, control, key) -> str:
    """Focus ``control``, press ``key``, wait for another picture; returns it."""
    before = figure(opened)
    control.focus()
    opened.page.keyboard.press(key)
    opened.page.wait_for_function(
        "before => { const image = document.querySelector('.widget-vbox img');"
        " return image && image.src !== before }",
        arg=before,
        timeout=MOMENT,
    )
    return figure(opened)


def from_the_start(opened) -> None:
    """Reset, unless the widget shows its first figure: a control may stand at its end."""
    if figure(opened) != opened.start:
        press(opened, opened.button, "Space")


def focused(element) -> bool:
    return element.evaluate("element => element === document.activeElement")


def errors(page):
    """Outputs anywhere that report an error; progress bars too are on standard error, and none."""
    return page.locator("[data-mime-type*=error], [data-mime-type*=stderr]").filter(
        has_text=re.compile("Error|Traceback")
    )


def test_each_control_moves_the_figure_by_arrow_keys(opened):
    from_the_start(opened)
    SHOTS.mkdir(parents=True, exist_ok=True)
    assert opened.controls
    for number, control in enumerate(opened.controls, 1):
        press(opened, control, "ArrowRight")
        opened.box.screenshot(path=SHOTS / f"{opened.stem}-{number}.png")
    assert not errors(opened.page).all_inner_texts()


def test_the_tab_key_leads_to_the_reset_button_which_restores_the_figure(opened):
    from_the_start(opened)
    press(opened, opened.controls[0], "ArrowRight")
    for element in [*opened.controls[1:], opened.button]:
        opened.page.keyboard.press("Tab")
        if not focused(element):
            # The number beside a slider can be typed into, and comes first.
            opened.page.keyboard.press("Tab")
        assert focused(element)
    assert press(opened, opened.button, "Space") == opened.start


def test_the_ends_of_each_slider_draw_a_figure_and_no_error(opened):
    from_the_start(opened)
    for control in opened.controls:
        for key in ("End", "Home", "End"):
            press(opened, control, key)
            assert "Nothing to draw" not in opened.box.inner_text()
    press(opened, opened.button, "Enter")
    assert not errors(opened.page).all_inner_texts()


def test_the_figure_has_its_numbers_in_words(opened):
    words = opened.box.locator("pre").inner_text().strip()
    assert re.search(r"\d", words)
    assert opened.box.locator("img").first.get_attribute("alt") == words


def test_the_browser_complains_of_nothing_and_stays_on_this_machine(opened):
    assert opened.complaints == []
    assert opened.hosts == {"127.0.0.1"}
