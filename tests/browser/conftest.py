"""A headless Chromium, pages of the shop, and a server whose mailbox they may fetch from."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import sync_playwright

from tests.support.processes import ROOT, sandbox_running, server_running

SNIPPET = ROOT / "docs/vendors/clarity-bridge.js"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

# The first script is the queue that Clarity's own tag begins with, as shops paste it.
PAGE = """<!doctype html>
<title>Tienda</title>
<script>
  (function (c, a) {{ c[a] = c[a] || function () {{ (c[a].q = c[a].q || []).push(arguments) }} }})(window, "clarity");
</script>
<script async src="/clarity-bridge.js" data-mailbox="{mailbox}" data-session="{session}"></script>
"""


class Shop(BaseHTTPRequestHandler):
    """``/?mailbox=…&session=…`` is a page with the snippet, which lies beside it."""

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/clarity-bridge.js":
            self.answer("text/javascript", SNIPPET.read_bytes())
        elif url.path == "/favicon.ico":
            self.answer("image/x-icon", b"")
        else:
            asked = {name: one[0] for name, one in parse_qs(url.query).items()}
            self.answer("text/html", PAGE.format(**asked).encode())

    def answer(self, kind, body):
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing: it would stand among the tests."""


@contextmanager
def site(handler: type[BaseHTTPRequestHandler] = Shop) -> Iterator[str]:
    """The origin of a shop's site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


# Of a module, not of the session: while Playwright runs, this thread has an event loop.
@pytest.fixture(scope="module")
def browser():
    """An installed Chromium: the one that Playwright would fetch is out of reach for many."""
    found = next((path for name in CHROMIUMS if (path := shutil.which(name))), None)
    if found is None:
        missing = "no Chromium is installed: make browser installs it where it can"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    with sync_playwright() as playwright:
        # Root has no sandbox; the pages are our own.
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A tab of a visitor that nobody knows yet."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def sites():
    """The shop's site, and one that is none of the shop's."""
    with site() as own, site() as foreign:
        yield own, foreign


@pytest.fixture(scope="session")
def shop(sites, tmp_path_factory):
    """A server with the bridge on, for pages of the shop's site."""
    folder = tmp_path_factory.mktemp("bridge")
    bridge = {"CLARITY_BRIDGE_MODE": "live", "CLARITY_BRIDGE_ORIGINS": sites[0]}
    with sandbox_running(folder) as sandbox, server_running(folder, sandbox, **bridge) as running:
        yield running
