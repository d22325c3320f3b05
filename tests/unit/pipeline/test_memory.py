"""What is remembered of people, and what of it an event is given."""

from dataclasses import dataclass, field

import pytest

from engine.model.clock import Millis, from_iso
from engine.model.event import Event
from engine.model.nobody import NOBODY
from engine.model.person import BROWSER, MOST_USERS, NOTHING, USER, Memory, PersonKey
from engine.pipeline.decide import bucket
from engine.pipeline.identity import ids_of
from engine.pipeline.learn import learn
from engine.pipeline.memory import own_of, recall, without_remembered
from tests.support.events import NOW

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
REMEMBER_MS = 90 * DAY
FBP, FBC = "fb.1.1735689600456.1029384756", "fb.1.1735689600123.AbC_1"
COOKIES = {"_fbp": FBP, "_fbc": FBC, "_ga": "GA1.1.11.22", "_ga_ABC": "GS2.1.s1747132561$o1$g0"}
BROWSER_CONTEXT = {"ip": "203.0.113.27", "userAgent": "Mozilla/5.0", "cookies": COOKIES}


@dataclass
class Mind:
    """A memory that has seen some events, in the order in which they came."""

    known: dict[PersonKey, Memory] = field(default_factory=dict)
    now: Millis = NOW

    @property
    def cutoff(self):
        return Millis(self.now - REMEMBER_MS)

    def sees(self, **body):
        """One event that comes now: what it is filled up to."""
        event = self._event(body)
        filled = recall(event, own_of(event), self.known, self.cutoff)
        self.known.update(learn(event, own_of(event), self.known, self.cutoff))
        return filled.body

    def recalls(self, **body):
        """What an event would be filled up to."""
        event = self._event(body)
        return recall(event, own_of(event), self.known, self.cutoff).body

    def pass_ms(self, duration):
        self.now = Millis(self.now + duration)
        return self

    def of(self, kind, id_):
        return self.known.get(PersonKey(kind, id_), NOTHING)

    def _event(self, body):
        at = Millis(body.pop("at", self.now))
        body = {"type": "track", "event": "Order Completed", "messageId": "m", **body}
        event = Event("shop", "m", body["type"], "", at, self.now, body)
        for key in ids_of(body).asked():
            self.known.setdefault(key, NOTHING)
        return event


def order(**more):
    """What a payment webhook knows: who, and nothing of the browser."""
    return {"userId": "lucia", "properties": {"order_id": "1"}, **more}


def visit(**more):
    return {"type": "page", "anonymousId": "browser-7", "context": BROWSER_CONTEXT, **more}


def a_visited_mind(**more):
    mind = Mind()
    mind.sees(**visit(**more))
    mind.pass_ms(MINUTE).sees(type="identify", anonymousId="browser-7", userId="lucia", context={})
    mind.pass_ms(MINUTE)
    return mind


def test_a_bare_order_is_given_the_browser_of_its_person():
    body = a_visited_mind().recalls(**order())

    assert body["context"]["cookies"] == COOKIES
    assert (body["context"]["ip"], body["context"]["userAgent"]) == ("203.0.113.27", "Mozilla/5.0")
    assert body["anonymousId"] == "browser-7"
    assert sorted(body["context"]["remembered"]) == [
        "anonymousId",
        "context.cookies._fbc",
        "context.cookies._fbp",
        "context.cookies._ga",
        "context.cookies._ga_ABC",
        "context.ip",
        "context.userAgent",
    ]


def test_what_was_filled_in_can_be_taken_out_again():
    mind = a_visited_mind()
    mind.sees(**visit(userId="lucia", traits={"email": "lucia@example.com"}, type="identify"))
    came = order(context={"locale": "es", "cookies": {"mine": "1"}, "traits": {"vip": True}})

    filled = mind.recalls(**came)

    assert "context.traits.email" in filled["context"]["remembered"]
    assert {**without_remembered(filled)} == {
        "type": "track",
        "event": "Order Completed",
        "messageId": "m",
        **came,
    }


def test_an_event_s_own_values_win():
    body = a_visited_mind().recalls(**order(context={"ip": "198.51.100.7", "fbp": FBP}))

    assert body["context"]["ip"] == "198.51.100.7"
    assert "_fbp" not in body["context"]["cookies"]
    assert "context.ip" not in body["context"]["remembered"]


def test_a_payment_service_s_own_user_agent_is_no_other_browser():
    own = {"userAgent": "MercadoPago WebHook v1.0", "ip": "54.88.218.97"}

    context = a_visited_mind().recalls(**order(context=own))["context"]

    assert context["cookies"] == COOKIES
    assert context["userAgent"] == own["userAgent"]


@pytest.mark.parametrize(
    "own",
    [
        {"fbp": "fb.1.1735689600456.99"},
        {"ga_client_id": "77.88"},
        {"cookies": {"_ga": "GA1.2.77.88"}},
        {"userAgent": "Mozilla/5.0 (another browser)"},
    ],
)
def test_an_event_of_another_browser_is_given_nothing_of_this_one(own):
    body = a_visited_mind().recalls(**order(context=own))

    assert body["context"] == {**own, "remembered_person": "browser-7"}
    assert "anonymousId" not in body


def test_the_same_client_id_in_another_form_is_the_same_browser():
    body = a_visited_mind().recalls(**order(context={"ga_client_id": "11.22"}))

    assert body["context"]["cookies"] == {k: v for k, v in COOKIES.items() if k != "_ga"}


def test_an_anonymous_event_is_given_what_its_browser_said_before():
    body = a_visited_mind().recalls(anonymousId="browser-7", event="Lead")

    assert body["context"]["cookies"]["_fbp"] == FBP


def test_another_person_gets_nothing_of_it():
    mind = a_visited_mind()

    assert "context" not in mind.recalls(**order(userId="marta"))
    assert mind.recalls(anonymousId="other", userId="marta").keys().isdisjoint({"context"})


def test_the_browser_linked_last_is_asked_not_the_first():
    mind = a_visited_mind()
    phone = {"cookies": {"_fbp": "fb.1.1735689600456.7"}, "ip": "198.51.100.9"}
    mind.sees(**visit(anonymousId="phone", userId="lucia", context=phone))

    body = mind.pass_ms(MINUTE).recalls(**order())

    assert body["context"]["cookies"] == phone["cookies"]
    assert body["anonymousId"] == "phone"


def test_an_id_made_up_for_one_event_hides_no_browser():
    mind = a_visited_mind()
    mind.sees(**order(anonymousId="made-up-by-the-backend"))

    assert mind.recalls(**order())["anonymousId"] == "browser-7"
    assert mind.recalls(**order(anonymousId="made-up-again"))["context"]["ip"] == "203.0.113.27"


@pytest.mark.parametrize("nobody", sorted(NOBODY))
def test_an_id_that_means_nobody_links_and_remembers_nothing(nobody):
    mind = Mind()
    mind.sees(**visit(userId=nobody.upper()))
    mind.sees(**visit(anonymousId=f" {nobody}", userId="lucia"))

    assert mind.recalls(userId=nobody)["context"] == {"remembered_person": "m"}
    assert "context" not in mind.recalls(**order())
    assert {key.id for key in mind.known} == {"browser-7", "lucia"}


def test_a_browser_of_more_than_five_people_is_nobody_s():
    mind = Mind()
    for number in range(MOST_USERS):
        mind.sees(**visit(userId=f"user-{number}"))
    mind.pass_ms(MINUTE)
    assert mind.recalls(userId="user-0")["anonymousId"] == "browser-7"

    mind.sees(**visit(userId="one-too-many", traits={"email": "x@example.com"}, type="identify"))

    assert "anonymousId" not in mind.recalls(userId="user-0")
    assert "context" not in mind.recalls(anonymousId="browser-7")
    assert mind.of(BROWSER, "browser-7").values == {}


def test_an_older_event_writes_over_nothing():
    mind = a_visited_mind()
    late = {"ip": "192.0.2.1", "cookies": {"_fbp": "fb.1.1735689600456.1", "_ga": "GA1.1.5.6"}}
    traits = {"email": "old@example.com"}
    mind.sees(type="identify", userId="lucia", traits={"email": "new@example.com"})

    mind.sees(**visit(context={**late, "traits": traits}, userId="lucia", at=NOW - DAY))
    mind.sees(**visit(anonymousId="older", userId="lucia", context=late, at=NOW - DAY))

    body = mind.recalls(**order())
    assert body["context"]["cookies"]["_fbp"] == FBP
    assert body["context"]["ip"] == "203.0.113.27"
    assert body["context"]["traits"] == {"email": "new@example.com"}


def test_an_older_event_adds_what_was_not_known():
    mind = a_visited_mind()
    late = {"gclid": "G-1", "cookies": {"_fbp": "fb.1.1735689600456.1"}}

    mind.sees(**visit(context=late, at=NOW - DAY))

    assert mind.recalls(**order())["context"]["gclid"] == "G-1"
    assert mind.recalls(**order())["context"]["cookies"]["_fbp"] == FBP


def test_a_repeat_changes_nothing():
    mind = a_visited_mind()
    before = dict(mind.known)

    mind.sees(**visit(at=NOW))

    assert mind.known == before


def test_an_older_event_is_given_no_value_that_was_first_seen_after_it():
    mind = a_visited_mind()

    assert "remembered" not in mind.recalls(**order(at=NOW - 2 * HOUR))["context"]
    assert "remembered" in mind.recalls(**order(at=NOW - HOUR // 2))["context"]


def test_a_session_ends_with_its_day():
    mind = Mind()
    ids = {
        "ga_client_id": "11.22",
        "ga_session_id": "1747132561",
        "cookies": {"_ga_A": "GS1.1.1.2"},
    }
    mind.sees(**visit(userId="lucia", context=ids))

    within = mind.pass_ms(23 * HOUR).recalls(**order())["context"]
    after = mind.pass_ms(2 * HOUR).recalls(**order())["context"]

    assert (within["ga_session_id"], within["cookies"]) == ("1747132561", ids["cookies"])
    assert after["ga_client_id"] == "11.22"
    assert "ga_session_id" not in after
    assert "cookies" not in after


def test_a_cookie_that_holds_visitor_and_visit_loses_the_visit_with_the_day():
    cookie = "%7B%22distinct_id%22%3A%22d-1%22%2C%22%24sesid%22%3A%5B1%2C%22s-1%22%2C1%5D%7D"
    mind = Mind()
    mind.sees(**visit(userId="lucia", context={"cookies": {"ph_phc_posthog": cookie}}))

    within = mind.pass_ms(HOUR).recalls(**order())["context"]["cookies"]
    after = mind.pass_ms(DAY).recalls(**order())["context"]["cookies"]

    assert within == {"ph_phc_posthog": cookie}
    assert after == {"ph_phc_posthog": "%7B%22distinct_id%22%3A%22d-1%22%7D"}


def test_a_session_of_another_client_is_not_given():
    mind = Mind()
    mind.sees(**visit(context={"ga_client_id": "11.22", "ga_session_id": "1747132561"}))

    body = mind.recalls(**visit(context={"ga_client_id": "33.44"}))

    assert body["context"] == {"ga_client_id": "33.44"}


def test_a_click_in_the_page_s_address_is_remembered_with_its_moment():
    mind = Mind()
    page = {"page": {"url": "https://shop.example/?utm=1&fbclid=AbC_1&gclid=G-1"}}
    mind.sees(**visit(context=page, userId="lucia"))

    mind.pass_ms(HOUR).sees(**visit(context=page, userId="lucia"))
    body = mind.pass_ms(HOUR).recalls(**order())

    assert body["context"]["fbclid"] == "AbC_1"
    assert from_iso(body["context"]["fbclid_at"]) == NOW
    assert body["context"]["gclid"] == "G-1"


def test_a_page_with_a_known_click_is_told_when_it_was_first_seen():
    mind = Mind()
    page = {"page": {"url": "https://shop.example/?fbclid=AbC_1"}}
    mind.sees(**visit(context=page))

    body = mind.pass_ms(HOUR).recalls(**visit(context=page))

    assert from_iso(body["context"]["fbclid_at"]) == NOW
    assert body["context"]["fbclid"] == "AbC_1"
    assert body["context"]["remembered"] == ["context.fbclid", "context.fbclid_at"]


def test_of_a_click_in_the_cookie_and_a_newer_one_the_newer_is_given():
    mind = Mind()
    page = {"page": {"url": "https://shop.example/?fbclid=NEW"}, "cookies": {"_fbc": FBC}}
    mind.sees(**visit(context=page, userId="lucia"))

    body = mind.recalls(**order())

    assert body["context"]["fbclid"] == "NEW"
    assert "cookies" not in body["context"]


def test_a_cookie_that_holds_the_click_is_given_with_it():
    mind = Mind()
    mind.sees(**visit(context={"fbclid": "AbC_1", "cookies": {"_fbc": FBC}}, userId="lucia"))

    body = mind.recalls(**order())

    assert (body["context"]["fbclid"], body["context"]["cookies"]) == ("AbC_1", {"_fbc": FBC})


def test_an_event_with_a_click_is_given_no_older_one():
    body = a_visited_mind().recalls(**order(context={"fbclid": "OWN"}))

    assert "_fbc" not in body["context"]["cookies"]
    assert "fbclid_at" not in body["context"]


def test_of_two_forms_the_newer_is_given():
    mind = a_visited_mind()
    mind.sees(**visit(context={"ga_client_id": "11.22"}, at=NOW + HOUR))
    mind.now = Millis(NOW + 2 * HOUR)

    context = mind.recalls(**order())["context"]

    assert context["ga_client_id"] == "11.22"
    assert "_ga" not in context["cookies"]


def test_the_shop_s_own_cookies_are_not_remembered():
    mind = Mind()
    jar = {"session": "secret", "connect.sid": "secret", "_fbp": FBP}
    mind.sees(**visit(context={"cookies": jar}, userId="lucia"))

    assert mind.recalls(**order())["context"]["cookies"] == {"_fbp": FBP}
    assert "secret" not in repr(mind.known)


def test_an_address_alone_is_nobody_s():
    mind = Mind()
    mind.sees(userId="lucia", context={"ip": "192.0.2.44", "userAgent": "payments/1.0"})

    assert "context" not in mind.recalls(**order())


def test_browser_values_that_came_with_a_user_id_alone_are_remembered_of_that_user():
    mind = Mind()
    mind.sees(userId="lucia", context={"fbp": FBP, "ip": "203.0.113.5"})

    assert mind.recalls(**order())["context"] == {
        "fbp": FBP,
        "ip": "203.0.113.5",
        "remembered": ["context.fbp", "context.ip"],
    }


def test_traits_are_filled_in_where_the_event_tells_them_nowhere():
    mind = Mind()
    traits = {"email": "a@example.com", "firstName": "Lucía", "phone": "300", "vip": True}
    mind.sees(type="identify", userId="lucia", traits=traits)

    body = mind.recalls(
        **order(
            context={"traits": {"first_name": "Ana"}},
            properties={"email": " A@example.com"},
            traits={"phone_number": "300"},
        )
    )

    assert body["context"]["traits"] == {"first_name": "Ana", "vip": True}
    assert body["context"]["remembered"] == ["context.traits.vip"]


def test_an_address_is_filled_in_whole_or_not_at_all():
    mind = Mind()
    home = {"city": "Cali", "country": "CO", "postalCode": "760001"}
    mind.sees(type="identify", userId="lucia", traits={"address": home, "state": "Valle"})

    assert mind.recalls(**order())["context"]["traits"] == {"address": home, "state": "Valle"}
    assert "context" not in mind.recalls(**order(traits={"city": "Bogotá"}))


def test_the_newer_spelling_of_a_trait_is_the_true_one():
    mind = Mind()
    mind.sees(type="identify", userId="lucia", traits={"first_name": "Lucia"})
    mind.pass_ms(1).sees(type="identify", userId="lucia", traits={"firstName": "Lucía"})

    assert mind.recalls(**order())["context"]["traits"] == {"firstName": "Lucía"}


def test_a_group_s_traits_are_not_the_person_s():
    mind = Mind()
    mind.sees(type="group", groupId="g", userId="lucia", traits={"name": "Norte S.A."})

    assert "context" not in mind.recalls(**order())


def test_what_a_browser_said_of_its_person_goes_to_the_user_it_becomes():
    mind = Mind()
    mind.sees(type="identify", anonymousId="browser-7", traits={"email": "a@example.com"})
    assert mind.recalls(anonymousId="browser-7")["context"]["traits"] == {"email": "a@example.com"}

    mind.sees(type="identify", anonymousId="browser-7", userId="lucia")

    assert mind.recalls(**order())["context"]["traits"] == {"email": "a@example.com"}
    assert mind.of(BROWSER, "browser-7").traits == {}
    assert mind.recalls(anonymousId="browser-7")["context"]["traits"] == {"email": "a@example.com"}


def test_consent_is_remembered_with_its_moment_and_never_filled_in():
    mind = Mind()
    consent = {"categoryPreferences": {"advertising": True, "analytics": False}}
    mind.sees(type="identify", userId="lucia", context={"consent": consent})

    kept = mind.of(USER, "lucia").consent
    assert {name: (one.value, one.at) for name, one in kept.items()} == {
        "advertising": (True, NOW),
        "analytics": (False, NOW),
    }
    assert "context" not in mind.recalls(**order())


def test_an_alias_makes_one_person_of_two_users_and_nothing_else_does():
    mind = a_visited_mind()
    mind.sees(type="identify", userId="other", traits={"email": "a@example.com"})
    mind.sees(type="identify", userId="other", traits={"id": "lucia"})
    assert "traits" not in mind.recalls(**order())["context"]

    mind.sees(type="alias", userId="lucia", previousId="other")

    for user in ("lucia", "other"):
        context = mind.recalls(**order(userId=user))["context"]
        assert context["traits"]["email"] == "a@example.com"
        assert context["cookies"] == COOKIES


def test_aliases_in_a_circle_end():
    mind = a_visited_mind()
    for one, other in (("lucia", "b"), ("b", "c"), ("c", "lucia"), ("lucia", "lucia")):
        mind.sees(type="alias", userId=one, previousId=other)

    for user in ("lucia", "b", "c"):
        assert mind.recalls(**order(userId=user))["context"]["cookies"] == COOKIES


def test_an_alias_of_a_browser_links_it():
    mind = Mind()
    mind.sees(**visit())

    mind.sees(type="alias", userId="lucia", previousId="browser-7")
    mind.sees(**visit(userId="lucia"))

    assert mind.recalls(**order())["anonymousId"] == "browser-7"


def test_after_its_time_everything_is_forgotten():
    mind = a_visited_mind()
    mind.sees(type="identify", userId="lucia", traits={"email": "a@example.com"})

    assert "context" in mind.pass_ms(REMEMBER_MS - HOUR).recalls(**order())
    assert "context" not in mind.pass_ms(2 * HOUR).recalls(**order())


def test_what_is_seen_again_is_kept_anew():
    mind = a_visited_mind()
    mind.pass_ms(60 * DAY).sees(**visit(userId="lucia"))

    assert mind.pass_ms(60 * DAY).recalls(**order())["context"]["ip"] == "203.0.113.27"


def test_an_event_from_before_that_time_is_not_remembered():
    mind = Mind()

    mind.sees(**visit(userId="lucia", at=NOW - REMEMBER_MS - 1))

    assert all(memory == NOTHING for memory in mind.known.values())


def test_what_a_client_says_was_remembered_is_not_learnt_again():
    mind = a_visited_mind()
    stored = mind.recalls(**order())
    mind.known.clear()

    body = mind.sees(**stored)

    assert body["context"]["remembered"] == stored["context"]["remembered"]
    assert body["context"]["cookies"] == COOKIES
    assert all(not memory.values for memory in mind.known.values())


def test_a_person_stays_the_same_in_a_rollout_over_browsers_and_bare_orders():
    mind = a_visited_mind()
    mind.sees(**visit(anonymousId="phone", userId="lucia"))

    bodies = [
        mind.recalls(**visit()),
        mind.recalls(**visit(anonymousId="phone")),
        mind.recalls(**order()),
        mind.recalls(**order(anonymousId="made-up")),
    ]

    buckets = {bucket("meta", Event("shop", "m", "", "", NOW, NOW, body)) for body in bodies}
    assert len(buckets) == 1


def test_ids_that_mean_nobody_are_many_people_in_a_rollout():
    assert Mind().recalls(anonymousId="anonymous")["context"] == {"remembered_person": "m"}


def test_a_browser_s_values_have_a_bound():
    mind = Mind()
    for number in range(100):
        cookies = {f"_ga_{number}": "GS1.1.1.2", "_fbp": FBP}
        mind.pass_ms(1).sees(**visit(context={"cookies": cookies}))
        mind.sees(type="identify", userId="lucia", traits={f"t{number}": "x" * 600, "ok": 1})

    assert len(mind.of(BROWSER, "browser-7").values) == 40
    assert set(mind.of(USER, "lucia").traits) == {"ok"}


@pytest.mark.parametrize("part", ["cookies", "traits", "page"])
def test_a_context_of_another_shape_is_left_to_its_schema(part):
    mind = a_visited_mind()
    mind.sees(type="identify", userId="lucia", traits={"email": "a@example.com"})

    body = mind.sees(**order(context={part: "text"}))

    assert body["context"][part] == "text"


ANA = {"email": "a@example.com", "phone": "+573001111111", "first_name": "Ana"}
BETO = {"email": "beto@example.com"}


def traits_of(body):
    return body.get("context", {}).get("traits", {})


@pytest.mark.parametrize(
    "beto",
    [
        {"traits": BETO},
        {"context": {"traits": BETO}},
        {"properties": BETO},
        {"properties": {"mail": "beto@example.com"}},
        {"traits": {"mobile": 573009999999}},
        {"traits": {"email": ANA["email"]}, "properties": {"phoneNumber": "300 999 9999"}},
    ],
)
@pytest.mark.parametrize("logged_in", [True, False])
def test_a_guest_is_given_no_traits_of_who_used_the_browser_before(beto, logged_in):
    mind = Mind()
    mind.sees(anonymousId="till", traits=ANA, **({"userId": "ana"} if logged_in else {}))

    body = mind.pass_ms(MINUTE).recalls(anonymousId="till", **beto)

    assert traits_of(body).keys() <= traits_of(beto).keys()
    assert "remembered" not in body.get("context", {})


@pytest.mark.parametrize(
    "own",
    [
        {"properties": {"email": " A@Example.com "}},
        {"traits": {"phone_number": "300-111-1111"}},
        {"traits": {"phone": "0057 300 1111111"}},
        {"properties": {"mobile": True}},
        {"properties": {"email": ""}},
    ],
)
def test_the_same_contact_in_another_spelling_is_the_same_person(own):
    mind = Mind()
    mind.sees(anonymousId="till", traits=ANA)

    assert traits_of(mind.recalls(anonymousId="till", **own))["first_name"] == "Ana"


def test_the_next_guest_s_traits_do_not_mix_with_those_of_the_one_before():
    mind = Mind()
    mind.sees(anonymousId="till", traits=ANA)
    mind.pass_ms(MINUTE).sees(anonymousId="till", traits=BETO)

    assert traits_of(mind.pass_ms(MINUTE).recalls(anonymousId="till")) == BETO
    assert "context" not in mind.recalls(anonymousId="till", traits=BETO)


def test_an_older_guest_changes_nothing_of_the_newer_one():
    mind = Mind()
    mind.sees(anonymousId="till", traits=ANA)
    mind.sees(anonymousId="till", traits=BETO, at=NOW - MINUTE)

    assert traits_of(mind.recalls(anonymousId="till")) == ANA


def test_a_guest_teaches_the_browser_s_user_nothing():
    mind = Mind()
    mind.sees(type="identify", userId="ana", anonymousId="x", traits=ANA)
    granted = {"consent": {"categoryPreferences": {"advertising": True}}}
    mind.pass_ms(MINUTE).sees(anonymousId="x", traits={**BETO, "vip": True}, context=granted)

    assert traits_of(mind.pass_ms(MINUTE).recalls(userId="ana")) == ANA
    assert mind.of(BROWSER, "x").consent == {}


def test_a_guest_s_refusal_is_kept_all_the_same():
    mind = Mind()
    mind.sees(type="identify", userId="ana", anonymousId="x", traits=ANA)
    refused = {"consent": {"categoryPreferences": {"advertising": False}}}
    mind.pass_ms(MINUTE).sees(anonymousId="x", traits=BETO, context=refused)

    assert mind.of(BROWSER, "x").consent["advertising"].value is False


@pytest.mark.parametrize("told_before", [True, False])
def test_a_guest_s_traits_do_not_go_to_another_who_logs_in(told_before):
    mind = Mind()
    mind.sees(anonymousId="x", traits={**BETO, "last_name": "Soto"})
    if told_before:
        mind.sees(type="identify", userId="ana", traits=ANA)
    login = {} if told_before else {"traits": ANA}
    mind.pass_ms(MINUTE).sees(type="identify", userId="ana", anonymousId="x", **login)

    assert traits_of(mind.pass_ms(MINUTE).recalls(userId="ana")) == ANA


def of_visitor(name):
    return {
        "userAgent": "Mozilla/5.0",
        "posthog": {"distinct_id": name},
        "sessionId": f"visit-{name}",
        "ga_session_id": f"1-{name}",
        "cookies": {"ph_x": name},
    }


OF_A_LOGIN = {"posthog", "sessionId", "ga_session_id", "cookies"}


def given(body):
    return OF_A_LOGIN & body["context"].keys()


@pytest.mark.parametrize("gap", [MINUTE, HOUR])
def test_ids_that_a_login_changes_are_not_given_to_the_next_user_of_a_browser(gap):
    mind = Mind()
    mind.sees(**visit(userId="ana", context=of_visitor("ana")))
    assert (
        given(mind.pass_ms(1).recalls(userId="beto", anonymousId="browser-7", context={})) == set()
    )

    mind.pass_ms(gap).sees(**visit(userId="beto", context={"userAgent": "Mozilla/5.0"}))
    mind.pass_ms(gap)
    for more in ({}, {"anonymousId": "browser-7", "context": {}}):
        body = mind.recalls(userId="beto", **more)
        assert given(body) == set()
        assert body["context"]["userAgent"] == "Mozilla/5.0"
    assert given(mind.recalls(userId="ana")) == OF_A_LOGIN

    mind.sees(**visit(userId="beto", context=of_visitor("beto")))
    mind.pass_ms(gap)
    assert given(mind.recalls(userId="beto")) == OF_A_LOGIN
    assert given(mind.recalls(userId="ana")) == set()

    mind.sees(**visit(userId="ana", context={"userAgent": "Mozilla/5.0"}))
    assert given(mind.pass_ms(gap).recalls(userId="ana")) == set()
    mind.sees(**visit(userId="ana", context=of_visitor("ana")))
    assert mind.pass_ms(gap).recalls(userId="ana")["context"]["sessionId"] == "visit-ana"
    assert given(mind.recalls(userId="beto")) == set()


def test_what_a_browser_told_before_its_only_user_logged_in_is_theirs():
    mind = Mind()
    mind.sees(**visit(context=of_visitor("anonymous")))
    mind.pass_ms(MINUTE).sees(type="identify", anonymousId="browser-7", userId="ana", context={})

    assert given(mind.pass_ms(MINUTE).recalls(userId="ana")) == OF_A_LOGIN


def test_two_names_of_one_user_are_not_two_users_of_a_browser():
    mind = Mind()
    mind.sees(**visit(userId="ana-1", context=of_visitor("ana")))
    mind.pass_ms(MINUTE).sees(type="alias", userId="ana", previousId="ana-1")
    mind.pass_ms(MINUTE).sees(type="identify", userId="ana", anonymousId="browser-7", context={})

    assert given(mind.pass_ms(MINUTE).recalls(userId="ana")) == OF_A_LOGIN


def family(**traits):
    """A browser whose user is remembered with these traits; they have logged out."""
    mind = Mind()
    mind.sees(**visit())
    mind.pass_ms(MINUTE).sees(
        type="identify", anonymousId="browser-7", userId="lucia", traits=traits, context={}
    )
    mind.pass_ms(MINUTE)
    return mind


GUESTS = [
    {"firstName": "Pedro", "phone": "3105550000"},
    {"firstName": "Pedro", "lastName": "Paz"},
    {"name": "Pedro Paz"},
    {"phone": "3105550000"},
    {"email": "pedro@y.co"},
]


@pytest.mark.parametrize("guest", GUESTS)
def test_a_guest_on_a_user_s_browser_is_given_nothing_of_them_and_teaches_nothing(guest):
    mind = family(email="lucia@x.co", firstName="Lucía")

    filled = mind.sees(anonymousId="browser-7", context={"traits": guest})
    own = mind.pass_ms(MINUTE).recalls(**order())

    assert filled["context"]["traits"] == guest
    assert own["context"]["traits"] == {"email": "lucia@x.co", "firstName": "Lucía"}


@pytest.mark.parametrize(
    "told",
    [
        {"email": "LUCIA@x.co", "phone": "3001112233"},
        {"phone": "300 111 2233", "firstName": "Lucy"},
        {"firstName": "lucia"},
        {"plan": "gold"},
    ],
)
def test_who_states_what_is_known_of_a_browser_s_user_is_that_user(told):
    mind = family(email="lucia@x.co", phone="+57 300 111 2233", firstName="Lucía")

    filled = mind.sees(anonymousId="browser-7", context={"traits": told})

    assert {"email", "phone"} <= filled["context"]["traits"].keys()


def test_a_click_is_of_who_had_the_browser_when_it_was_made():
    mind = Mind()
    mind.sees(type="identify", anonymousId="browser-7", userId="ana", context={"gclid": "A"})
    mind.pass_ms(HOUR).sees(
        type="identify",
        anonymousId="browser-7",
        userId="berta",
        context={"fbclid": "B", "fbp": FBP},
    )
    mind.pass_ms(HOUR)

    ana, berta = mind.recalls(**order(userId="ana")), mind.recalls(**order(userId="berta"))

    assert "fbclid" not in ana["context"]
    assert ana["context"]["gclid"] == "A"
    assert ana["context"]["fbp"] == FBP
    assert berta["context"]["fbclid"] == "B"
    assert "gclid" not in berta["context"]


def test_an_address_as_a_user_s_id_is_one_id_however_it_is_written():
    mind = Mind()
    mind.sees(**visit(userId="Lucia@x.co"))

    body = mind.pass_ms(MINUTE).recalls(**order(userId="lucia@X.co"))

    assert body["context"]["cookies"] == COOKIES
    assert body["userId"] == "lucia@X.co"


@pytest.mark.parametrize("nobody", ["invitado", "Invitada", "N/A", "nil", "Anónimo", "unknown"])
def test_guests_under_one_word_are_no_person(nobody):
    assert ids_of({"userId": nobody, "anonymousId": nobody}) == (None, None, None)
