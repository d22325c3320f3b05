import pytest


def error_of(answer):
    return answer.json()["error"]


MISSHAPEN = {
    "an unknown key of the event": (
        {"name": "x"},
        'Unexpected key "name" on param "$[\'data\'][0]".',
    ),
    "an unknown customer key": (
        {"user_data/click_id": "x"},
        "Unexpected key \"click_id\" on param \"$['data'][0]['user_data']\".",
    ),
    "an unknown key of a line": (
        {"custom_data/contents": [{"id": "1", "quantity": 1, "name": "x"}]},
        "Unexpected key \"name\" on param \"$['data'][0]['custom_data']['contents'][0]\".",
    ),
    "contents in a text": (
        {"custom_data/contents": '[{"id": "1"}]'},
        "The parameter $['data'][0]['custom_data']['contents'] must be an array.",
    ),
    "a list of categories": (
        {"custom_data/content_category": ["a"]},
        "Param $['data'][0]['custom_data']['content_category'] must be a string",
    ),
    "no user_data": ({"user_data": ...}, "The parameter $['data'][0]['user_data'] is required"),
    "no event_time": ({"event_time": ...}, "The parameter $['data'][0]['event_time'] is required"),
    "a time in ISO 8601": (
        {"event_time": "2026-09-21T13:00:00Z"},
        "Param $['data'][0]['event_time'] must be an integer",
    ),
    "a value that is no number": (
        {"custom_data/value": "$10"},
        "Param $['data'][0]['custom_data']['value'] must be a number",
    ),
    "a boolean for a number": (
        {"custom_data/value": True},
        "Param $['data'][0]['custom_data']['value'] must be a number",
    ),
    "a text for opt_out": ({"opt_out": "no"}, "Param $['data'][0]['opt_out'] must be a boolean"),
    "a number for event_id": ({"event_id": 7}, "Param $['data'][0]['event_id'] must be a string"),
    "an app event without app_data": (
        {"action_source": "app"},
        "The parameter $['data'][0]['app_data'] is required",
    ),
    "app data at the event": (
        {"advertiser_tracking_enabled": 1},
        'Unexpected key "advertiser_tracking_enabled" on param "$[\'data\'][0]".',
    ),
}


@pytest.mark.parametrize(("changes", "text"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_a_wrong_shape_is_refused_with_its_path(send, meta_event, change, changes, text):
    error = error_of(send(change(meta_event, changes)))

    assert (error["code"], error["error_subcode"]) == (100, 2804019)
    assert error["error_user_msg"] == text


@pytest.mark.parametrize(
    "changes",
    [
        {"action_source": "web"},
        {"event_name": "x" * 51},
        {"event_name": ""},
        {"data_processing_options": ["CCPA"]},
        {"data_processing_options_state": 999},
        {"user_data/em": 7},
        {"user_data": "em"},
        {"custom_data/delivery_category": "drone"},
        {"app_data": {"extinfo": ["a2"]}},
        {"event_time": True},
        {"action_source": "business_messaging", "user_data/page_id": "1"},
    ],
    ids=str,
)
def test_a_value_outside_its_closed_list_or_type_is_refused(send, meta_event, change, changes):
    assert error_of(send(change(meta_event, changes)))["error_subcode"] == 2804019


@pytest.mark.parametrize(
    "changes",
    [
        {"event_name": "x" * 50},
        {"event_name": "x"},
        {
            "action_source": "business_messaging",
            "messaging_channel": "messenger",
            "user_data/page_id": "1",
        },
        {
            "data_processing_options": ["LDU"],
            "data_processing_options_country": 1,
            "data_processing_options_state": 1013,
        },
        {"data_processing_options": []},
        {"customer_segmentation": "new_customer_to_product_area"},
    ],
    ids=str,
)
def test_values_of_the_closed_lists_are_taken(send, meta_event, change, changes):
    assert send(change(meta_event, changes)).status_code == 200
