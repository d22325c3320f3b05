import pytest

from tests.support.inbounds import FILES, SIGNED
from tests.support.releases import FILES as SMALL
from tests.support.releases import findings_of, write_project

HOOK = """
    inbound: hook
    source: shop
    post: { PATHS }
    event: { type: track, event: Order Told, userId: "{{ body.user }}" }
    """


def told(folder, changed):
    write_project(folder, {**SMALL, **FILES, **changed})
    _, findings = findings_of(folder)
    return [(one.code, one.message) for one in findings if one.code.startswith("E")]


def a_hook(paths):
    return {"rules/inbound/hook.yaml": HOOK.replace("PATHS", paths)}


def test_a_project_whose_posts_are_well_has_no_findings(tmp_path):
    assert told(tmp_path, a_hook("paths: /hooks/other, pattern: a.b")) == []


@pytest.mark.parametrize("path", ["/v1/track", "/admin/x", "/ingest/x", "/HEALTHZ", "/metrics"])
def test_a_path_of_our_own_is_an_error(tmp_path, path):
    found = told(tmp_path, a_hook(f"paths: {path}"))

    assert found == [("E174", f"{path} is a path of Encamina's own")]


def test_a_path_or_a_pattern_that_two_mappings_name_is_an_error(tmp_path):
    other = {
        "rules/inbound/other.yaml": HOOK.replace("hook", "other").replace("PATHS", "pattern: a.b")
    }

    found = told(
        tmp_path, {**a_hook("paths: [/Hooks/orders/x, /hooks/Orders], pattern: a.b"), **other}
    )

    assert [code for code, _ in found] == ["E175", "E175"]


def test_a_secret_in_clear_is_an_error_that_does_not_show_it(tmp_path):
    signed = SIGNED.replace('"{{ env.HOOK_SECRET }}"', "hunter2")

    found = told(tmp_path, {"rules/inbound/signed.yaml": signed})

    assert found == [("E176", "a secret stands in the file")]


def test_a_body_schema_that_is_not_there_is_an_error(tmp_path):
    found = told(tmp_path, a_hook("body: schemas/inbound/order.yaml"))

    assert found == [("E152", "there is no file schemas/inbound/order.yaml")]


def test_a_source_that_is_not_there_is_an_error(tmp_path):
    hook = HOOK.replace("source: shop", "source: shup").replace("PATHS", "")

    found = told(tmp_path, {"rules/inbound/hook.yaml": hook})

    assert [code for code, _ in found] == ["E157"]


def test_a_mapping_is_either_fetched_or_posted(tmp_path):
    neither = HOOK.replace("post: { PATHS }", "tables: {}")
    pull = "pull: { every: 1h, request: { url: 'https://x.example' } }"
    both = HOOK.replace("post: { PATHS }", f"post: {{}}\n    {pull}")
    both = both.replace("event: {", "event: { messageId: m,")

    none = told(tmp_path / "none", {"rules/inbound/hook.yaml": neither})
    two = told(tmp_path / "two", {"rules/inbound/hook.yaml": both})

    assert [message for _, message in none] == ['the file lacks "pull" or "post"']
    assert [code for code, _ in two] == ["E173"]


def test_otherwise_is_for_posts_alone(tmp_path):
    pulled = HOOK.replace(
        "post: { PATHS }", "pull: { every: 1h, request: { url: 'https://x.example' } }"
    )
    pulled = pulled.rstrip().replace(
        "event: {", "otherwise: { event: x }\n    event: { messageId: m,"
    )

    found = told(tmp_path, {"rules/inbound/hook.yaml": pulled})

    assert [code for code, _ in found] == ["E178"]


def test_what_only_a_post_has_is_unknown_to_a_pull(tmp_path):
    pulled = HOOK.replace(
        "post: { PATHS }", "pull: { every: 1h, request: { url: 'https://x.example' } }"
    )
    pulled = pulled.replace("body.user", "request.ip").replace("event: {", "event: { messageId: m,")

    assert told(tmp_path, {"rules/inbound/hook.yaml": pulled}) != []
