"""``/openapi.json`` and the server keep to each other: schemathesis asks for all that it tells of."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import sandbox_running, server_running

pytestmark = pytest.mark.slow

CONFIG = Path(__file__).parent / "openapi/schemathesis.toml"
WITHIN_S = 300
ENV = {
    "ENCAMINA_ADMIN_TOKEN": "demo-admin-token-0123456789",
    "ENCAMINA_READ_TOKEN": "demo-read-token-0123456789",
    "SHOPIFY_WEBHOOK_SECRET": "demo-secret-of-a-webhook",
    "STRIPE_WEBHOOK_SECRET": "demo-secret-of-a-webhook",
}


def test_the_server_answers_as_its_document_says_whatever_is_asked(tmp_path):
    with (
        sandbox_running(tmp_path) as sandbox,
        server_running(tmp_path, sandbox, **ENV) as running,
    ):
        document = f"{running.server.url}/openapi.json"
        options = ("--config-file", str(CONFIG), "run", document)
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr
        assert "No issues found" in done.stdout
        assert "internal_fault" not in running.server.said()
