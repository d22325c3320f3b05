"""Pages of a shop that use the published browser SDKs as their own documentation says.

``/segment?server=URL&key=KEY`` and ``/rudder?…`` begin the SDK; ``/empty`` has no script at all. The
packages' own browser builds are served as they are.
"""

import re
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SEGMENT = """<!doctype html><title>Tienda</title>
<script src="/segment-sdk/index.js"></script>
<script>
  window.analytics = AnalyticsNext.AnalyticsBrowser.load(
    { writeKey: "{key}", cdnURL: "{server}" },
    { integrations: { "Segment.io": {options} } },
  );
</script>
"""

RUDDER = """<!doctype html><title>Tienda</title>
<script src="/rudder-sdk/index.js"></script>
<script>
  window.analytics = new rudderanalytics.RudderAnalytics();
  analytics.load("{key}", "{server}", Object.assign({ configUrl: "{server}" }, {options}));
</script>
"""

EMPTY = "<!doctype html><title>Tienda</title>"

PAGES = {"/segment": SEGMENT, "/rudder": RUDDER, "/empty": EMPTY, "/favicon.ico": ""}


def handler(packages: Path) -> type[BaseHTTPRequestHandler]:
    """A handler of these pages, with the SDKs out of ``packages``."""
    folders = {
        "/segment-sdk/": packages / "@segment/analytics-next/dist/umd",
        "/rudder-sdk/": packages / "@rudderstack/analytics-js/dist/npm/modern/bundled/umd",
    }

    class Pages(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urlsplit(self.path)
            for prefix, folder in folders.items():
                name = url.path.removeprefix(prefix)
                if url.path.startswith(prefix) and re.fullmatch(r"[\w.-]+\.js", name):
                    self.answer("text/javascript", (folder / name).read_bytes())
                    return
            asked = {name: one[0] for name, one in parse_qs(url.query).items()}
            page = PAGES.get(url.path)
            if page is None:
                self.send_error(404)
                return
            for name in ("key", "server", "options"):
                page = page.replace("{" + name + "}", asked.get(name, "{}"))
            self.answer("text/html", page.encode())

        def answer(self, kind, body):
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Nothing: it would stand among the tests."""

    return Pages
