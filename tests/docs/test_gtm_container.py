"""The container export that docs/vendors/gtm.md offers: it has the parts that the page describes."""

import json

import pytest

from tests.support.processes import ROOT

VERSION = json.loads((ROOT / "docs/vendors/gtm-server-container.json").read_text())[
    "containerVersion"
]


def values(part):
    return {one["key"]: one["value"] for one in part["parameter"]}


def test_it_is_the_export_of_a_server_container():
    export = json.loads((ROOT / "docs/vendors/gtm-server-container.json").read_text())

    assert export["exportFormatVersion"] == 2
    assert VERSION["container"]["usageContext"] == ["SERVER"]


def test_its_client_takes_the_path_that_we_post_to():
    (client,) = VERSION["client"]

    assert client["type"] == "mpaw_client"
    assert values(client) == {"activationPath": "/mp/collect"}


def test_its_tag_fires_for_every_event_of_that_client_not_for_page_views_alone():
    (tag,), (trigger,), (client,) = VERSION["tag"], VERSION["trigger"], VERSION["client"]

    assert tag["type"] == "sgtmgaaw"
    assert tag["firingTriggerId"] == [trigger["triggerId"]]
    assert trigger["type"] == "CUSTOM_EVENT"
    assert values(trigger["customEventFilter"][0]) == {"arg0": "{{_event}}", "arg1": ".*"}
    assert values(trigger["filter"][0]) == {"arg0": "{{Client Name}}", "arg1": client["name"]}


@pytest.mark.parametrize("kind", ["variable", "builtInVariable"])
def test_every_variable_that_is_named_is_there(kind):
    used = json.dumps([VERSION["tag"], VERSION["trigger"]])

    for one in VERSION[kind]:
        if one["name"] != "Event Name":
            assert "{{" + one["name"] + "}}" in used


def test_ids_come_from_one_counter():
    ids = [
        one[f"{kind}Id"]
        for kind in ("client", "tag", "trigger", "variable")
        for one in VERSION[kind]
    ]

    assert sorted(ids) == ["1", "2", "3", "4"]


def test_nothing_of_a_real_account_stands_in_it():
    assert {one["accountId"] for kind in ("client", "tag", "trigger") for one in VERSION[kind]} == {
        "0"
    }
