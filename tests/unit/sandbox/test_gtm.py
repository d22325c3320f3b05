import pytest

QUERY = {"measurement_id": "G-TEST", "api_secret": "secret"}


@pytest.mark.parametrize("prefix", ["/gtm", "/gtm/metrics/container"])
def test_the_measurement_protocol_client_claims_its_path_under_any_prefix(
    sandbox, ga4_body, prefix
):
    answer = sandbox.post(f"{prefix}/mp/collect", ga4_body, params=QUERY)

    assert answer.status_code == 200
    assert sandbox.last()["accepted"] == ["message-1"]
    assert sandbox.last()["diagnostics"] == []


def test_the_validation_path_answers_messages(sandbox, ga4_body):
    answer = sandbox.post("/gtm/debug/mp/collect", {**ga4_body, "client_id": ""}, params=QUERY)

    (message,) = answer.json()["validationMessages"]
    assert message["description"] == "Measurement requires a client_id."


def test_the_data_client_answers_one_receipt_an_event(sandbox):
    event = {
        "event_name": "purchase",
        "event_id": "m-1",
        "client_id": "1.2",
        "ip_override": "1",
        "user_agent": "x",
    }

    single = sandbox.post("/gtm/data", event)
    several = sandbox.post("/gtm/data", [event, {**event, "event_id": "m-2"}])

    assert single.json().keys() == {"timestamp", "unique_event_id"}
    assert single.json()["timestamp"] == 1_790_000_000
    assert len(several.json()) == 2
    assert sandbox.last()["accepted"] == ["m-1", "m-2"]
    assert sandbox.last()["diagnostics"] == []


def test_the_data_client_notes_that_the_callers_own_address_is_taken(sandbox):
    sandbox.post("/gtm/data", {"event_name": "purchase", "client_id": "1.2"})

    assert sandbox.noted() == {"callers_own"}


def test_the_data_client_notes_what_becomes_of_an_event_without_name_and_visitor(sandbox):
    sandbox.post("/gtm/data", {"ip_override": "1", "user_agent": "x", "x-ga-mp2": "1"})

    assert sandbox.noted() == {"no_name", "no_client", "reserved_key"}


TOKEN = {"Authorization": "Bearer secret"}


@pytest.mark.parametrize(
    ("names", "status", "troubled"),
    [
        (["purchase", "refund"], 200, ([], [], [])),
        (["purchase", None], 206, ([1], [], [])),
        (["tags_fail", "purchase"], 206, ([], [0], [])),
        (["purchase", "tags_fail_in_part"], 206, ([], [], [1])),
        ([None, None], 422, ([0, 1], [], [])),
        (["tags_fail"], 500, ([], [0], [])),
    ],
)
def test_the_bearer_client_names_the_events_that_had_trouble(sandbox, names, status, troubled):
    events = [{"event_name": name, "event_id": f"m-{at}"} for at, name in enumerate(names)]

    answer = sandbox.post("/gtm/shop/events", events, headers=TOKEN)

    told = answer.json()
    kinds = ("invalidSchemaEvents", "fullyFailedTagEvents", "partialFailedTagEvents")
    assert answer.status_code == status
    assert tuple(told[kind] for kind in kinds) == troubled
    refused = [*troubled[0], *troubled[1]]
    assert sandbox.last()["accepted"] == [
        f"m-{at}" for at in range(len(names)) if at not in refused
    ]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Authorization": "Bearer"}, [], 401),
        (TOKEN, {"event_name": "purchase"}, 422),
        ({}, [], 400),
    ],
)
def test_the_bearer_client_takes_a_list_from_who_knows_the_token(sandbox, headers, body, status):
    assert sandbox.post("/gtm/shop/events", body, headers=headers).status_code == status


def test_the_bearer_client_takes_json_alone(sandbox):
    answer = sandbox.ask("POST", "/gtm/shop/events", content=b"{", headers=TOKEN)

    assert answer.status_code == 400


def test_the_data_client_takes_query_and_form(sandbox):
    asked = sandbox.ask("GET", "/gtm/data", params={"event_name": "a", "event_id": "m-1"})
    posted = sandbox.ask("POST", "/gtm/data", data={"event_name": "a", "event_id": "m-2"})

    assert (asked.status_code, posted.status_code) == (200, 200)
    assert [item["accepted"] for item in sandbox.received()] == [["m-1"], ["m-2"]]


@pytest.mark.parametrize("body", [b"no", b"[1]", b'"text"'])
def test_the_data_client_refuses_what_is_no_event(sandbox, body):
    answer = sandbox.ask("POST", "/gtm/data", content=body)

    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/gtm/collect", "/gtm/", "/gtm", "/gtm/g/collect"])
def test_what_no_client_claims_is_answered_400(sandbox, path):
    assert sandbox.post(path, {}).status_code == 400


def test_the_ga4_client_claims_a_hit_in_the_wire_format(sandbox):
    query = {"v": "2", "tid": "G-TEST", "cid": "1.2", "en": "purchase", "ep.event_id": "m-1"}

    assert sandbox.ask("POST", "/gtm/g/collect", params=query).status_code == 200
    assert sandbox.last()["accepted"] == ["m-1"]


@pytest.mark.parametrize(("size_bytes", "status"), [(1_000_000, 200), (1_000_001, 413)])
def test_a_body_over_a_megabyte_is_refused(sandbox, size_bytes, status):
    answer = sandbox.ask("POST", "/gtm/mp/collect", content=b"x" * size_bytes)

    assert answer.status_code == status


def test_the_container_tells_its_health(sandbox):
    answer = sandbox.ask("GET", "/gtm/healthy")

    assert (answer.status_code, answer.text) == (200, "ok")
