"""A real JupyterLab and a real Chromium, for the browser tests and the latency measurement.

Both are kept to themselves: the server has settings of its own, the browser asks nothing of the network.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from playwright.sync_api import BrowserContext, Page, Request, sync_playwright

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # Chromium itself reaches nothing but this machine
]
ROOT = Path(__file__).parent.parent
PROMPTLY = "--ServerApp.kernel_websocket_connection_class=tools.prompt.PromptConnection"
"""What `make lab` tells the server too; Python finds `tools` when it is started in the project's folder."""
START_TIMEOUT_S = 60
RUN_TIMEOUT_MS = 90_000

# Widget messages are handled beside the cells' thread, so the page counts what the kernel is still busy with.
_READY = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.context.ready; await panel.sessionContext.ready; await panel.sessionContext.session.kernel.info;
    window.kernelErrors = []; window.kernelBusy = new Set();
    panel.sessionContext.iopubMessage.connect((_, message) => {
        if (message.header.msg_type === 'error') window.kernelErrors.push(message.content.evalue);
        if (message.content.execution_state === 'busy') window.kernelBusy.add(message.parent_header.msg_id);
        if (message.content.execution_state === 'idle') window.kernelBusy.delete(message.parent_header.msg_id);
    });
    panel.sessionContext.session.kernel.anyMessage.connect((_, { msg, direction }) => {
        if (direction === 'send' && msg.header.msg_type === 'comm_msg') window.kernelBusy.add(msg.header.msg_id);
    });
}"""
_RUN_ALL = """async () => {
    window.kernelErrors = [];
    await window.jupyterapp.commands.execute('notebook:run-all-cells');
}"""
# Asked of the model: the page holds only the cells in sight.
_HAVE_RUN = """expected => expected === [...window.jupyterapp.shell.currentWidget.content.model.cells]
    .filter(cell => cell.type === 'code' && cell.executionCount).length"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, and the folder it serves."""

    address: str
    token: str
    root: Path


@dataclass
class Visit:
    """A page in the browser, and what went wrong on it: requests to elsewhere, errors of its own."""

    page: Page
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def find_chromium() -> str | None:
    """Find Chromium or Chrome: the program that CHROMIUM names, else one on the path."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return next((found for found in map(shutil.which, names) if found), None)


@contextmanager
def running_lab(root: Path, home: Path) -> Iterator[Lab]:
    """Serve the notebooks in `root` with settings kept in `home`, both of them folders to throw away."""
    _write_settings(home)
    port, token = _free_port(), "for-tests-only"
    command = [
        *(sys.executable, "-m", "jupyterlab", PROMPTLY, "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        *(f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True"),
    ]
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=_environment(home), cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            lab = Lab(f"http://127.0.0.1:{port}", token, root)
            _await_answer(lab, server, home / "lab.log")
            yield lab
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@contextmanager
def running_chromium(program: str) -> Iterator[BrowserContext]:
    """Start a headless Chromium; its pages share a cache, so that Lab is loaded once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield browser.new_context()
        browser.close()


@contextmanager
def visit(browser: BrowserContext, lab: Lab, width: int = 1280, height: int = 900) -> Iterator[Visit]:
    """Open a page of its own; what it asks for from anywhere but `lab` is noted, and fails."""
    made = Visit(browser.new_page())
    made.page.set_viewport_size({"width": width, "height": height})

    def asked(request: Request) -> None:
        if not request.url.startswith((lab.address, "data:", "blob:")):
            made.elsewhere.append(request.url)

    made.page.on("request", asked)
    made.page.on("pageerror", lambda error: made.errors.append(str(error)))
    yield made
    if made.page.url.startswith(lab.address):
        made.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    made.page.close()


def open_notebook(page: Page, lab: Lab, name: str) -> None:
    """Open a notebook and wait until its kernel would not lose a run."""
    page.goto(f"{lab.address}/lab/tree/{name}?reset&token={lab.token}")
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=RUN_TIMEOUT_MS)
    page.evaluate(_READY)


def run_all(page: Page, lab: Lab, name: str) -> None:
    """Run all cells of the notebook that is open, from the top, and wait for the last; raise if one fails."""
    page.evaluate(_RUN_ALL)
    failed = kernel_errors(page)
    if failed:
        raise RuntimeError(f"{name} failed: {failed}")
    cells = nbformat.read(lab.root / name, as_version=4).cells
    expected = sum(1 for cell in cells if cell.cell_type == "code" and cell.source.strip())
    page.wait_for_function(_HAVE_RUN, arg=expected, timeout=RUN_TIMEOUT_MS)


def open_and_run(page: Page, lab: Lab, name: str) -> None:
    """Open a notebook in a kernel of its own and run all its cells."""
    open_notebook(page, lab, name)
    run_all(page, lab, name)


def await_kernel(page: Page) -> None:
    """Wait until the kernel is done with all that the page has sent it.

    What is sent at once may be handled in another order, each control in a thread of its own.
    """
    page.wait_for_function("() => window.kernelBusy.size === 0")


def kernel_errors(page: Page) -> list[str]:
    """List the errors the kernel has reported by the end of what it is doing; Lab shows none from callbacks."""
    await_kernel(page)
    found: list[str] = page.evaluate("() => window.kernelErrors")
    return found


def use_theme(page: Page, theme: str) -> None:
    """Change to Lab's "Light" or "Dark" theme."""
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme: `JupyterLab ${theme}` })", theme
    )
    light = "true" if theme == "Light" else "false"
    page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")


def _write_settings(home: Path) -> None:
    news = home / "settings/@jupyterlab/apputils-extension"
    news.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (news / "notification.jupyterlab-settings").write_text(json.dumps(quiet))


def _environment(home: Path) -> dict[str, str]:
    folders = {f"JUPYTER_{kind}_DIR": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    lab = {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    return {**os.environ, **folders, **lab, "IPYTHONDIR": str(home / "ipython"), "MPLCONFIGDIR": str(home / "mpl")}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_answer(lab: Lab, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while True:
        if server.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(f"{lab.address}/api?token={lab.token}", timeout=2)  # noqa: S310 (our own address)
        except OSError:
            time.sleep(0.1)
        else:
            return
