import pytest

from engine.ingest.consent import StoredConsent
from engine.model.event import Event, Source
from engine.pipeline.decide import has_consent
from engine.pipeline.scope import view
from tests.support.events import NOW
from tests.support.inbounds import SETTINGS, an_inbound_face

pytestmark = pytest.mark.trio

KEY = {"Authorization": "Bearer shop-key"}


def a_body(key: str, consent: dict | None = None) -> dict:
    body: dict = {"kind": "web", "orders": [{"key": key, "id": "SO-1", "user": "lucia"}]}
    if consent is not None:
        body["context"] = {"consent": {"categoryPreferences": consent}}
    return body


def seen(event: dict) -> dict:
    logged = Event("shop", "m", "track", "Order Completed", NOW, NOW, event)
    return dict(view(logged, Source("shop"))["consent"])


async def test_where_nobody_said_anything_the_sources_default_counts_and_is_recorded(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        await face.http.post("/ingest/orders", json=a_body("k-1"), headers=KEY)
        event = (await face.kept())[0]

    assert event["context"]["consent"] == {
        "basis": "source",
        "assumed": {"analytics": True, "advertising": False},
    }
    assert seen(event) == {"analytics": True, "advertising": False}


async def test_the_bodys_own_word_goes_before_the_default(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        body = a_body("k-1", {"analytics": False})
        await face.http.post("/ingest/orders", json=body, headers=KEY)
        event = (await face.kept())[0]

    assert event["context"]["consent"]["basis"] == "event"
    assert seen(event)["analytics"] is False


async def test_of_what_a_body_leaves_out_the_default_counts(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        body = a_body("k-1", {"advertising": True})
        await face.http.post("/ingest/orders", json=body, headers=KEY)
        event = (await face.kept())[0]

    assert event["context"]["consent"] == {
        "categoryPreferences": {"advertising": True},
        "basis": "event",
        "assumed": {"analytics": True},
    }
    assert seen(event) == {"analytics": True, "advertising": True}


async def test_what_a_list_of_granted_names_leaves_out_is_refused_whatever_the_default(tmp_path):
    settings = SETTINGS.replace("Analytics: true", "Analytics: true, email: true")
    async with an_inbound_face(tmp_path, {"encamina.yaml": settings}) as face:
        body = a_body("k-1")
        body["context"] = {"consent": {"categoryPreferences": ["advertising"]}}
        await face.http.post("/ingest/orders", json=body, headers=KEY)
        event = (await face.kept())[0]

    assert "assumed" not in event["context"]["consent"]
    assert seen(event)["analytics"] is False


async def test_what_the_person_said_before_goes_before_the_default_where_the_body_is_silent(
    tmp_path,
):
    async with an_inbound_face(tmp_path) as face:
        stated = a_body("k-1", {"analytics": False})
        await face.http.post("/ingest/orders", json=stated, headers=KEY)
        face.clock.pass_ms(60_000)
        partly = a_body("k-2", {"advertising": True})
        await face.http.post("/ingest/orders", json=partly, headers=KEY)
        ingest = face.control.ingest
        assert ingest.people is not None
        logged = (await face.control.log.read_range(0, 10))[1].event
        stored = StoredConsent(ingest.people, 90 * 86_400_000, face.clock)
        said = (await stored.stored_consent([logged]))[0]

    assert view(logged, Source("shop"), said)["consent"] == {
        "analytics": False,
        "advertising": True,
    }


async def test_what_the_person_said_before_goes_before_the_default(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        stated = a_body("k-1", {"analytics": False})
        await face.http.post("/ingest/orders", json=stated, headers=KEY)
        face.clock.pass_ms(60_000)
        await face.http.post("/ingest/orders", json=a_body("k-2"), headers=KEY)
        event = (await face.kept())[1]
        ingest = face.control.ingest
        assert ingest.people is not None
        logged = (await face.control.log.read_range(0, 10))[1].event
        stored = StoredConsent(ingest.people, 90 * 86_400_000, face.clock)
        said = (await stored.stored_consent([logged]))[0]

    assert event["context"]["consent"]["basis"] == "person"
    assert view(logged, Source("shop"), said)["consent"] == {
        "analytics": False,
        "advertising": False,
    }


async def test_a_default_is_not_learnt_as_the_persons_own_word(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        await face.http.post("/ingest/orders", json=a_body("k-1"), headers=KEY)
        face.clock.pass_ms(60_000)
        await face.http.post("/ingest/orders", json=a_body("k-2"), headers=KEY)

        assert [one["context"]["consent"]["basis"] for one in await face.kept()] == ["source"] * 2


async def test_a_default_counts_at_the_moment_of_sending_too(tmp_path):
    async with an_inbound_face(tmp_path) as face:
        await face.http.post("/ingest/orders", json=a_body("k-1"), headers=KEY)
        logged = (await face.control.log.read_range(0, 10))[0].event
        hook = face.control.release.destinations[0]

        assert not has_consent(hook, logged, {})
        granted = {**logged.body, "context": {"consent": {"assumed": {"advertising": True}}}}
        assert has_consent(hook, logged._replace(body=granted), {})


FORGED = {
    "basis": "person",
    "assumed": {"advertising": True, "analytics": True},
    "Assumed": {"advertising": True},
}


def forged(key: str) -> dict:
    return {**a_body(key), "context": {"locale": "es-CO", "consent": FORGED}}


@pytest.mark.parametrize("key", ["shop-key", "erp-key", "web-key"])
async def test_who_posts_cant_say_what_is_assumed_or_whose_word_it_was(tmp_path, key):
    headers = {"Authorization": f"Bearer {key}"}
    async with an_inbound_face(tmp_path) as face:
        await face.http.post("/ingest/orders", json=forged("k-1"), headers=headers)
        event = (await face.kept())[0]
        hook = face.control.release.destinations[0]
        logged = (await face.control.log.read_range(0, 10))[0].event

    assert not has_consent(hook, logged, {})
    assert "advertising" not in {name for name, granted in seen(event).items() if granted}
    assert event["context"]["consent"].get("basis") in (None, "source")
    assert event["context"]["locale"] == "es-CO"


async def test_what_is_forged_is_gone_from_what_waits_in_quarantine_too(tmp_path):
    body = forged("k" * 101)
    async with an_inbound_face(tmp_path) as face:
        headers = {"Authorization": "Bearer erp-key"}
        answer = await face.http.post("/ingest/orders", json=body, headers=headers)
        kept = (await face.control.ingest.state.quarantined(limit=10))[0]

    assert answer.json()["quarantined"] == 1
    assert kept.body["context"]["consent"] == {"Assumed": {"advertising": True}}
