import pytest

DAY = 86_400

NOTED = {
    "no_action_source": {"action_source": ...},
    "no_event_id": {"event_id": ...},
    "no_event_source_url": {"event_source_url": ...},
    "no_client_user_agent": {"user_data/client_user_agent": ...},
    "empty_hash": {
        "user_data/em": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    },
    "external_id_unhashed": {"user_data/external_id": "user-7"},
    "unusable_ip": {"user_data/client_ip_address": "190.24.10.0"},
    "misplaced_event_id": {"custom_data/event_id": "x"},
    "unknown_currency": {"custom_data/currency": "PESO"},
    "value_without_currency": {"event_name": "Lead", "custom_data": {"value": 1}},
    "value_not_positive": {"custom_data/value": 0},
    "no_processing_state": {
        "data_processing_options": ["LDU"],
        "data_processing_options_country": 1,
    },
    "no_processing_country": {
        "data_processing_options": ["LDU"],
        "data_processing_options_state": 1000,
    },
    "place_without_options": {"data_processing_options_country": 1},
    "invalid_fbp": {"user_data/fbp": "fb.1.1790000000000.abc"},
    "contact_data": {"custom_data/email": "ana@tienda.example"},
    "blank_in_own_property": {"custom_data/color": "azul marino"},
    "unknown_content_type": {"custom_data/content_type": "article"},
    "attribution_data": {"attribution_data": {"attribution_share": 0.5}},
}


@pytest.mark.parametrize(("code", "changes"), NOTED.items(), ids=NOTED)
def test_a_flaw_that_meta_takes_is_noted(sandbox, send, meta_event, change, code, changes):
    answer = send(change(meta_event, changes))

    assert answer.status_code == 200
    assert sandbox.noted() == {code}


@pytest.mark.parametrize("address", ["10.0.0.7", "unknown", "127.0.0.1"])
def test_an_address_that_is_nobodys_is_noted(sandbox, send, meta_event, change, address):
    send(change(meta_event, {"user_data/client_ip_address": address}))

    assert sandbox.noted() == {"unusable_ip"}


def test_a_test_event_code_and_a_bad_agent_are_noted(sandbox, send, meta_event):
    send(meta_event, test_event_code="TEST1", partner_agent="1")

    assert sandbox.noted() == {"test_event_code", "partner_agent"}


def test_a_repeat_within_two_days_is_noted_and_still_received(sandbox, send, meta_event):
    send(meta_event)
    sandbox.now += 2 * DAY

    answer = send(meta_event)

    assert answer.json()["events_received"] == 1
    assert sandbox.noted() == {"duplicate"}


def test_a_repeat_after_two_days_counts_again(sandbox, send, meta_event):
    send(meta_event)
    sandbox.now += 2 * DAY + 1

    send(meta_event)

    assert sandbox.noted() == set()
