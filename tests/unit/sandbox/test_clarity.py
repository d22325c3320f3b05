"""The Data Export API as Microsoft documents it and as people saw it."""

import pytest

PATH = "/clarity/export-data/api/v1/project-live-insights"
BEARER = {"Authorization": "Bearer token-abc"}
DAY_S = 86_400


def ask(sandbox, headers=BEARER, method="GET", path=PATH, **query):
    return sandbox.ask(method, path, params={"numOfDays": "1", **query}, headers=headers)


def metric(answer, name):
    [rows] = [one["information"] for one in answer.json() if one["metricName"] == name]
    return rows


def test_every_metric_comes_whatever_was_asked_for(sandbox):
    names = [one["metricName"] for one in ask(sandbox).json()]

    assert {"Traffic", "EngagementTime", "ScrollDepth", "RageClickCount", "PopularPages"} <= {
        *names
    }
    assert len(names) == len(set(names)) == 16


def test_values_are_mostly_text_and_some_are_numbers_or_null(sandbox):
    answer = ask(sandbox)

    [traffic] = metric(answer, "Traffic")
    assert all(isinstance(value, str) for value in traffic.values())
    assert isinstance(metric(answer, "ScrollDepth")[0]["averageScrollDepth"], float)
    assert metric(answer, "ErrorClickCount")[0]["subTotal"] is None


def test_dimension_values_are_extra_keys_in_both_spellings(sandbox):
    answer = ask(sandbox, dimension1="URL", dimension2="Country/Region")

    rows = [row for one in answer.json()[:9] for row in one["information"]]
    assert all("Country/Region" in row for row in rows)
    assert {key for row in rows for key in row if key.lower() == "url"} == {"Url", "URL"}
    assert len(metric(answer, "Traffic")) == 24


def test_no_more_than_a_thousand_rows_come(sandbox):
    answer = ask(sandbox, dimension1="URL", dimension2="Source", dimension3="Campaign")

    assert len(metric(answer, "Traffic")) == 1_000


def test_the_same_question_gets_the_same_answer(sandbox):
    assert ask(sandbox, dimension1="OS").json() == ask(sandbox, dimension1="OS").json()
    assert ask(sandbox, numOfDays="2").json() != ask(sandbox).json()


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic eA=="}, {"Authorization": "Bearer "}]
)
def test_without_a_bearer_token_it_is_401(sandbox, headers):
    assert ask(sandbox, headers).status_code == 401


@pytest.mark.parametrize(
    "query",
    [{"numOfDays": "0"}, {"numOfDays": "4"}, {"numOfDays": "x"}, {"numOfDays": ""},
     {"dimension1": "Url"}, {"dimension2": "Country"}, {"dimension3": ""}],
)  # fmt: skip
def test_a_bad_parameter_is_400(sandbox, query):
    assert ask(sandbox, **query).status_code == 400


@pytest.mark.parametrize("days", ["1", "2", "3"])
def test_one_to_three_days_can_be_asked_for(sandbox, days):
    assert ask(sandbox, numOfDays=days).status_code == 200


def test_the_eleventh_call_of_a_day_is_429_in_the_words_that_were_seen(sandbox):
    statuses = [ask(sandbox).status_code for _ in range(10)]
    over = ask(sandbox)

    assert statuses == [200] * 10
    assert (over.status_code, over.text) == (429, "Exceeded daily limit")
    assert "retry-after" not in over.headers
    assert ask(sandbox, {"Authorization": "Bearer another"}).status_code == 200

    sandbox.now += DAY_S
    assert ask(sandbox).status_code == 200


def test_a_refused_parameter_spends_a_call_too(sandbox):
    for _ in range(10):
        ask(sandbox, numOfDays="9")

    assert ask(sandbox).status_code == 429


def test_there_is_nothing_else_to_ask_or_to_send(sandbox):
    assert ask(sandbox, path="/clarity/collect").status_code == 404
    assert ask(sandbox, method="POST").status_code == 405


def test_a_parameter_that_is_none_is_noted(sandbox):
    ask(sandbox, metric="Traffic")

    assert sandbox.noted() == {"unknown_parameter"}


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [("empty", 500, ""), ("over-quota", 429, "Exceeded daily limit"), ("no-rows", 200, "[]"),
     ("403", 403, "Forbidden"), ("401", 401, "Unauthorized")],
)  # fmt: skip
def test_what_people_ran_into_can_be_asked_for(sandbox, fault, status, text):
    sandbox.told_to(f"clarity={fault}")

    answer = ask(sandbox)

    assert (answer.status_code, answer.text) == (status, text)


def test_it_can_be_slow(sandbox):
    sandbox.told_to("clarity=slow")

    assert ask(sandbox).status_code == 200
    assert sandbox.slept == [5.0]
