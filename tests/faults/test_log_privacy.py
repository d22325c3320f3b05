"""The whole log of a bad day has nobody's e-mail, phone or address in it, and no secret."""

import json
import re
import time

import pytest

from tests.support.processes import DEMO_ENV, ROOT, sandbox_running, server_running

pytestmark = pytest.mark.slow

DAY = ROOT / "tests" / "data" / "shop-day.jsonl"
FAULTS = (
    "meta=400:0.3,503:0.2,wrong-json:0.1",
    "ga4=500:0.3,close:0.2",
    "posthog=429:0.3,html:0.2",
)
PERSONAL = {"email", "phone", "ip", "firstName", "lastName", "street", "birthday"}
SECRETS = [DEMO_ENV[name] for name in DEMO_ENV if re.search("KEY|TOKEN|SECRET", name)]


def personal_texts(value, key=""):
    """The texts of a body that tell of a person, by the names they stand under."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from personal_texts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from personal_texts(item, key)
    elif isinstance(value, str) and key in PERSONAL and len(value) > 5:
        yield value


@pytest.mark.parametrize("form", ["json", "text"])
def test_the_log_of_a_bad_day_tells_of_nobody(tmp_path, form):
    events = [json.loads(line) for line in DAY.read_text().splitlines()]
    private = {text for event in events for text in personal_texts(event)}
    assert len([one for one in private if "@" in one]) > 3
    faults = [word for one in FAULTS for word in ("--fault", one)]
    with (
        sandbox_running(tmp_path, *faults) as sandbox,
        server_running(tmp_path, sandbox, ENCAMINA_LOG=form) as shop,
    ):
        shop.encamina("send", str(DAY), "--redate", "--url", shop.server.url, check=False)
        shop.post([{**events[0], "messageId": "odd", "userId": "lucia@example.com", "type": 7}])
        time.sleep(5)
        said = shop.server.said()

    lines = said.splitlines()
    assert len([one for one in lines if "not taken" in one]) > 3, said
    assert [one for one in private if one in said] == []
    assert [one for one in SECRETS if one in said] == []
    assert re.findall(r"[\w.+-]+@[\w-]+\.\w+", said) == []
    if form == "json":
        began = next(n for n, one in enumerate(lines) if one.startswith("{"))
        told = [json.loads(one) for one in lines[began:] if one.startswith("{")]
        assert all({"event", "level", "timestamp"} <= one.keys() for one in told)
