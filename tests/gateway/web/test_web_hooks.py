"""Webhooks: every recorded case gets its expected answer; forged, replayed and late ones are refused with a reason."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from consent.starters import starter
from gateway.configuration import ConfigurationError, read_configuration
from tests.behind_doors import AT, Heard, Visitor, behind

RECORDED = Path(__file__).parents[2] / "hits" / "doors" / "webhooks.jsonl"

#: The recorded secrets by the environment variable that the configuration below names.
ENV = {
    "TYPEFORM": "tf-secret", "SURVICATE": "sv-secret", "SURVICATE_TOKEN": "sv-token", "SHOPIFY": "shpss_secret",
    "STANDARD": "c3RhbmRhcmQtd2ViaG9va3Mtc2VjcmV0", "GENERIC": "gh-secret", "QUALTRICS": "qx-secret",
    "PATH_TOKEN": "long-random-path-token", "TIMED": "timed-secret",
}  # fmt: skip

YML = """
sites:
  shop:
    policy: policy.yml
    origins: [https://www.shop.example]
    markets: [DE]
    hooks:
      typeform: {kind: typeform, secret: {env: TYPEFORM}}
      survicate: {kind: survicate, secret: {env: SURVICATE}, token: {env: SURVICATE_TOKEN}}
      shopify: {kind: shopify, secret: {env: SHOPIFY}}
      standard: {kind: standard, secret: {env: STANDARD}}
      generic: {kind: hmac, secret: {env: GENERIC}, header: X-Hub-Signature-256, prefix: "sha256="}
      timed: {kind: hmac, secret: {env: TIMED}, header: x-sign, encoding: base64, timestamp_header: x-at, window: 300}
      qualtrics: {kind: qualtrics, secret: {env: QUALTRICS}}
      t: {kind: secret_path, secret: {env: PATH_TOKEN}, choices: yes}
"""

YES = {"choice": "explicit", "purposes": {"analytics": True, "counting": True}}


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in ENV.items():
        monkeypatch.setenv(name, secret)


def recorded() -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    return [row for row in rows if row["path"].startswith("/webhooks/")]


def target(row: Mapping[str, Any]) -> str:
    """The recorded path at our door; the tools' own settings decide the path."""
    return str(row["path"]).replace("/webhooks/", "/hooks/")


def body(row: Mapping[str, Any]) -> bytes:
    return base64.b64decode(row["body_b64"])


async def send(visitor: Visitor, row: Mapping[str, Any]) -> Heard:
    return await visitor.ask(row["method"], target(row), body(row), dict(row["headers"]))


def case(step: str) -> dict[str, Any]:
    return next(row for row in recorded() if row["step"] == step)


def sha256(secret: str, content: bytes, algorithm: str = "sha256") -> hmac.HMAC:
    return hmac.new(ENV[secret].encode(), content, algorithm)


def typeform(content: dict[str, Any], secret: str = "TYPEFORM") -> tuple[str, bytes, dict[str, str]]:
    sent = orjson.dumps(content)
    signature = base64.b64encode(sha256(secret, sent).digest()).decode()
    return "/hooks/typeform", sent, {"Typeform-Signature": f"sha256={signature}"}


def response(submitted_at: str = "2026-11-22T07:59:30Z", event_id: str = "e-1", **hidden: object) -> dict[str, Any]:
    answers = [
        {"type": "number", "number": 9, "field": {"id": "f1", "ref": "nps"}},
        {"type": "choice", "choice": {"id": "c1", "label": "Sehr schön!"}, "field": {"id": "f2", "ref": "style"}},
        {"type": "choices", "choices": {"labels": ["Oak", "Ash"]}, "field": {"id": "f3", "ref": "wood"}},
        {"type": "boolean", "boolean": True, "field": {"id": "f4", "ref": "again"}},
        {"type": "text", "text": "call Jane on +49 170 1234567", "field": {"id": "f5", "ref": "words"}},
        {"type": "email", "email": "jane.doe@example.com", "field": {"id": "f6", "ref": "mail"}},
    ]
    told = {"form_id": "lT4Z3j", "token": "t-1", "submitted_at": submitted_at, "hidden": hidden, "answers": answers}
    return {"event_id": event_id, "event_type": "form_response", "form_response": told}


def consented(**more: Any) -> dict[str, Any]:
    return response(gateway_consent=json.dumps(YES), client_id="c-1", user_id="u-1", **more)


# What was recorded


def test_every_recorded_case_gets_its_expected_answer(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> list[tuple[str, int]]:
        return [(row["step"], (await send(visitor, row)).status) for row in recorded()]

    answers, rows = behind(tmp_path, YML, script)
    assert len(answers) >= 12
    assert [(row["step"], row["response"]["status"]) for row in recorded()] == answers
    assert rows == [], "none of them carries consent, and policy allows nothing always in the warehouse"


def test_forged_ones_are_refused_as_forged_and_genuine_ones_go_on_to_consent(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> dict[str, list[str]]:
        told: dict[str, list[str]] = {}
        for row in recorded():
            before = visitor.collect.counts.refusals.copy()
            await send(visitor, row)
            told[row["step"]] = [reason for _, _, reason in visitor.collect.counts.refusals - before]
        return told

    told, _ = behind(tmp_path, YML, script)
    assert {step: reasons for step, reasons in told.items() if "_bad_" in step} == {
        step: ["forged_signature"] for step in told if "_bad_" in step
    }
    assert {step for step, reasons in told.items() if reasons == ["replayed"]} == {"standard_webhooks_key_rotation"}
    assert told["shopify_customers_data_request"] == ["not_an_event"]
    assert told["typeform_form_response"] == ["consent_denied"]


# Answers become properties


def test_answers_of_a_consented_response_are_facts_and_free_text_is_never_taken(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> Heard:
        return await visitor.ask("POST", *typeform(consented()))

    answer, rows = behind(tmp_path, YML, script)
    assert (answer.status, answer.outcome) == (200, "facts=5 refused=0")
    said = [(row["event"], row["contract"], row["verdict"], row["properties"]) for row in rows]
    expected = [
        {"question_id": "nps", "rating": "9"},
        {"question_id": "style", "answer": "sehr_schon"},
        {"question_id": "wood", "answer": "oak"},
        {"question_id": "wood", "answer": "ash"},
        {"question_id": "again", "answer": "yes"},
    ]
    assert said == [("survey_answer", "survey_answer@1", "valid", {"quiz_id": "lT4Z3j", **one}) for one in expected]
    assert {row["visitor_kind"] for row in rows} == {"durable"}
    assert len({row["event_id"] for row in rows}) == 5
    assert {row["adapter"] for row in rows} == {"typeform"}
    assert not [word for word in ("jane", "1234567", "198.51.100", "browser", "device") if word in str(rows).lower()]


def test_a_shopify_order_is_a_purchase_of_the_client_that_google_named(tmp_path: Path) -> None:
    content = json.loads(body(case("shopify_orders_create_redelivery")))
    content["note_attributes"].append({"name": "gateway_consent", "value": json.dumps(YES)})
    sent = orjson.dumps(content)
    headers = {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Hmac-Sha256": base64.b64encode(sha256("SHOPIFY", sent).digest()).decode(),
    }

    async def script(visitor: Visitor) -> list[Heard]:
        again = {**headers, "X-Shopify-Webhook-Id": "another", "X-Shopify-Topic": "refunds/create"}
        return [await visitor.ask("POST", "/hooks/shopify", sent, h) for h in (headers, again)]

    answers, (row,) = behind(tmp_path, YML, script)
    assert [a.outcome for a in answers] == ["facts=1 refused=0", "facts=0 refused=1"], "headers are not signed"
    assert (row["event"], row["order_id"], row["value"], row["currency"]) == (
        "purchase", "820982911946154508", 124.25, "EUR"
    )  # fmt: skip
    assert row["items"] == [{"product_id": "SKU-1", "price": 79.9, "quantity": 1}]
    assert row["visitor_kind"] == "durable"
    assert "jane" not in str(row).lower()


def qualtrics(message: Mapping[str, object], secret: str = "QUALTRICS") -> tuple[str, bytes]:
    said = json.dumps(message)
    digest = sha256(secret, said.encode(), "sha512").hexdigest()
    return "/hooks/qualtrics", f"Topic=completedResponse.SV_1&HMAC={digest}&MSG={quote(said)}".encode()


def test_qualtrics_signs_the_message_inside_its_form(tmp_path: Path) -> None:
    message = {"Status": "Complete", "SurveyID": "SV_1", "ResponseID": "R_1", "CompletedDate": "2026-11-22 07:59:00"}

    async def script(visitor: Visitor) -> list[tuple[int, str]]:
        path, sent = qualtrics(message)
        forged = [(path, sent.replace(b"SV_1", b"SV_2")), qualtrics(message, "TYPEFORM"), (path, b"ResponseID=R_1")]
        return [
            ((heard := await visitor.ask("POST", *ask)).status, heard.body.decode().strip())
            for ask in (*forged, (path, sent), (path, sent))
        ]

    answers, _ = behind(tmp_path, YML, script)
    assert answers == [(401, "forged_signature")] * 3 + [(200, "ok"), (200, "replayed")]


CREATED = {"event": "response.created", "response": {"answer": "A Podcast", "poll": "How?"}}


@pytest.mark.parametrize(
    ("path", "sent", "properties"),
    [
        ("t/long-random-path-token", CREATED, {"answer": "a_podcast", "quiz_id": "How?"}),
        ("generic", {"event": "survey_response", "answer": "ja", "score": 3}, {"answer": "ja", "rating": "3"}),
        ("generic", {"event": "survey_response", "answer": "I am Jane", "score": 3}, {"rating": "3"}),
    ],
)
def test_tools_of_no_fixed_shape_give_what_looks_like_a_code(
    tmp_path: Path, path: str, sent: dict[str, Any], properties: dict[str, str]
) -> None:
    content = orjson.dumps(sent | {"consent": YES, "client_id": "c-1"})
    headers = {"X-Hub-Signature-256": "sha256=" + sha256("GENERIC", content).hexdigest()}
    heard, (row,) = behind(tmp_path, YML, lambda visitor: visitor.ask("POST", f"/hooks/{path}", content, headers))
    assert (heard.status, row["event"], row["properties"]) == (200, "survey_answer", properties)


# A server's consent


@pytest.mark.parametrize(
    ("policy", "consent", "outcome"),
    [
        ("europe", None, "facts=0 refused=5"),  # a page that says nothing is counted there, a server's event is not
        ("europe", {"choice": "explicit", "purposes": {"analytics": True}}, "facts=5 refused=0"),
        ("europe", {"choice": "explicit", "purposes": {"analytics": False}}, "facts=0 refused=5"),
        ("europe", {"choice": "default", "purposes": {"analytics": True}}, "facts=0 refused=5"),
        ("strictest", None, "facts=0 refused=5"),
    ],
)
def test_without_a_consent_block_only_what_is_allowed_always_is_kept(
    tmp_path: Path, policy: str, consent: object, outcome: str
) -> None:
    hidden = {} if consent is None else {"gateway_consent": json.dumps(consent)}
    heard, _ = behind(
        tmp_path, YML, lambda visitor: visitor.ask("POST", *typeform(response(client_id="c", **hidden))), policy
    )
    assert heard.outcome == outcome


def test_what_policy_allows_always_is_kept_without_a_block(tmp_path: Path) -> None:
    """A policy that counts always: an order is counted, without a client."""
    text = starter("strictest").decode().partition("examples:")[0].replace("ask_first: [counting, ", "ask_first: [")
    text = text.replace("always: [operations]", "always: [operations, counting]")
    text += "examples: [{given: {place: DE}, then: {allowed: [operations, counting]}}]\n"
    content = body(case("shopify_orders_create_redelivery"))
    signature = base64.b64encode(sha256("SHOPIFY", content).digest()).decode()
    headers = {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": signature}

    async def script(visitor: Visitor) -> Heard:
        return await visitor.ask("POST", "/hooks/shopify", content, headers)

    heard, rows = behind(tmp_path, YML, script, text.encode())
    assert heard.outcome == "facts=1 refused=0"
    assert [(row["event"], row["purposes"], row.get("visitor_kind", "none")) for row in rows] == [
        ("purchase", ["counting"], "none")
    ]


# Forged, replayed, late


def answers_of(tmp_path: Path, *asks: tuple[str, bytes, dict[str, str]]) -> list[tuple[int, str]]:
    async def script(visitor: Visitor) -> list[tuple[int, str]]:
        heard = [await visitor.ask("POST", *ask) for ask in asks]
        return [(one.status, one.body.decode().strip()) for one in heard]

    return behind(tmp_path, YML, script)[0]


def without_signature(path: str, sent: bytes, _: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    return path, sent, {}


def with_hex(path: str, sent: bytes, _: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    return path, sent, {"Typeform-Signature": "sha256=" + sha256("TYPEFORM", sent).hexdigest()}


def with_empty(path: str, sent: bytes, _: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    return path, sent, {"Typeform-Signature": "sha256="}


def with_changed_byte(path: str, sent: bytes, headers: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    return path, sent.replace(b'"number":9', b'"number":1'), headers


def with_other_writing(path: str, sent: bytes, headers: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    """The same JSON in other bytes: a verifier that decodes first would take it."""
    return path, json.dumps(json.loads(sent), indent=1).encode(), headers


@pytest.mark.parametrize(
    "forge", [without_signature, with_hex, with_empty, with_changed_byte, with_other_writing], ids=lambda f: f.__name__
)
def test_a_signature_is_over_the_very_bytes(
    tmp_path: Path, forge: Callable[[str, bytes, dict[str, str]], tuple[str, bytes, dict[str, str]]]
) -> None:
    genuine = typeform(consented())
    assert answers_of(tmp_path, forge(*genuine), genuine) == [(401, "forged_signature"), (200, "ok")]


def test_survicate_wants_both_proofs_in_either_writing(tmp_path: Path) -> None:
    row = case("survicate_question_answered")
    sent = body(row)
    plain, digest = sha256("SURVICATE", sent).hexdigest(), sha256("SURVICATE", sent).digest()
    asks = [
        ("/hooks/survicate", sent, {"Token": "sv-token", "Hmac": "0" * 64}),
        ("/hooks/survicate", sent, {"Token": "sv-tokem", "Hmac": plain}),
        ("/hooks/survicate", sent, {"Hmac": plain}),
        ("/hooks/survicate", sent, {"Token": "sv-token", "Hmac": base64.b64encode(digest).decode()}),
    ]
    assert answers_of(tmp_path, *asks) == [(401, "forged_signature")] * 3 + [(200, "ok")]


def test_a_delivery_counts_once_within_its_window_also_after_a_restart(tmp_path: Path) -> None:
    first = typeform(consented())
    assert answers_of(tmp_path, first, first) == [(200, "ok"), (200, "replayed")]
    assert answers_of(tmp_path, first, typeform(consented(event_id="e-2"))) == [(200, "replayed"), (200, "ok")]


def test_what_could_not_be_made_durable_may_come_again(tmp_path: Path) -> None:
    sent = typeform(consented())

    async def script(visitor: Visitor) -> list[int]:
        visitor.disk.fail("sync", errno.EIO)
        lost = await visitor.ask("POST", *sent)
        visitor.disk.heal()
        while (heard := await visitor.ask("GET", "/readyz")).status == 503:
            await asyncio.sleep(0.05)
        return [lost.status, heard.status, *[(await visitor.ask("POST", *sent)).status for _ in range(2)]]

    statuses, rows = behind(tmp_path, YML, script)
    assert (statuses, len(rows)) == ([503, 200, 200, 200], 5)


def test_the_same_delivery_twice_at_once_counts_once(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> list[int]:
        asked = [visitor.ask("POST", *typeform(consented())) for _ in range(3)]
        return [heard.status for heard in await asyncio.gather(*asked)]

    statuses, rows = behind(tmp_path, YML, script)
    assert (sorted(statuses), len(rows)) == ([200, 503, 503], 5)


@pytest.mark.parametrize(
    ("submitted_at", "answer"),
    [
        ("2026-11-22T08:00:00Z", (200, "ok")),
        ("2026-11-19T08:00:01Z", (200, "ok")),
        ("2026-11-19T07:59:59Z", (401, "too_late")),
        ("2026-11-22T08:04:59Z", (200, "ok")),
        ("2026-11-22T08:05:01Z", (401, "too_late")),
    ],
)
def test_a_response_is_late_after_three_days_and_never_ahead(
    tmp_path: Path, submitted_at: str, answer: tuple[int, str]
) -> None:
    assert answers_of(tmp_path, typeform(consented(submitted_at=submitted_at))) == [answer]


def standard(at: float, *, identity: str = "msg_1", prefix: str = "webhook") -> tuple[str, bytes, dict[str, str]]:
    sent = orjson.dumps({"type": "survey.completed", "data": {"score": 9, "consent": YES}})
    secret = base64.b64decode(ENV["STANDARD"])
    signature = base64.b64encode(hmac.digest(secret, f"{identity}.{at:.0f}.".encode() + sent, hashlib.sha256)).decode()
    told = {"id": identity, "timestamp": f"{at:.0f}", "signature": f"v2,AAAA v1,AAAA v1,{signature}"}
    return "/hooks/standard", sent, {f"{prefix}-{name}": text for name, text in told.items()}


def test_standard_webhooks_have_five_minutes_either_way(tmp_path: Path) -> None:
    asks = [standard(AT + seconds, identity=f"m{seconds}") for seconds in (-301, -299, 0, 299, 301)]
    late, ok = (401, "too_late"), (200, "ok")
    assert answers_of(tmp_path, *asks) == [late, ok, ok, ok, late]


def test_a_standard_webhook_without_its_time_or_with_another_one_is_forged(tmp_path: Path) -> None:
    path, sent, headers = standard(AT - 4000)
    timeless = {name: text for name, text in headers.items() if name != "webhook-timestamp"}
    asks = [(path, sent, {**headers, "webhook-timestamp": f"{AT:.0f}"}), (path, sent, timeless)]
    assert answers_of(tmp_path, *asks, standard(AT, prefix="svix")) == [(401, "forged_signature")] * 2 + [(200, "ok")]


def test_a_time_of_the_generic_kind_is_signed_with_the_body(tmp_path: Path) -> None:
    def timed(at: float, told_at: float) -> tuple[str, bytes, dict[str, str]]:
        sent = b'{"event":"store_visit"}'
        digest = sha256("TIMED", f"{at:.0f}.".encode() + sent).digest()
        return "/hooks/timed", sent, {"x-sign": base64.b64encode(digest).decode(), "x-at": f"{told_at:.0f}"}

    asks = [timed(AT - 400, AT - 400), timed(AT - 400, AT), timed(AT, AT)]
    assert answers_of(tmp_path, *asks) == [(401, "too_late"), (401, "forged_signature"), (200, "ok")]


def test_paths_and_methods_that_are_no_hook(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> list[int]:
        asks = [("POST", "/hooks/nobody"), ("POST", "/hooks/"), ("POST", "/hooks"), ("GET", "/hooks/typeform")]
        asks += [("POST", "/hooks/t/wrong"), ("POST", "/hooks/t"), ("POST", "/hooks/t/long-random-path-token/x")]
        return [(await visitor.ask(*ask)).status for ask in asks]

    assert behind(tmp_path, YML, script)[0] == [404, 404, 404, 405, 401, 401, 401]


def test_any_bytes_at_any_hook_are_answered(tmp_path: Path) -> None:
    """Signed nonsense is taken and counted: its sender cannot mend it by sending it again."""
    bodies = [
        b"",
        b"[]",
        b"{",
        b"null",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"form_response":{"answers":[1,{},null]}}',
        b'{"event":[]}',
    ]

    async def script(visitor: Visitor) -> set[int]:
        seen = set()
        for sent in bodies:
            headers = {
                "Typeform-Signature": "sha256=" + base64.b64encode(sha256("TYPEFORM", sent).digest()).decode(),
                "X-Shopify-Hmac-Sha256": base64.b64encode(sha256("SHOPIFY", sent).digest()).decode(),
                "X-Hub-Signature-256": "sha256=" + sha256("GENERIC", sent).hexdigest(),
                "Hmac": sha256("SURVICATE", sent).hexdigest(),
                "Token": "sv-token",
            }
            for source in ("typeform", "shopify", "generic", "survicate", "t/long-random-path-token", "qualtrics"):
                heard = await visitor.ask("POST", f"/hooks/{source}", sent, headers)
                seen.add((source == "qualtrics", heard.status))
        return {status for is_form, status in seen if not is_form}

    statuses, rows = behind(tmp_path, YML, script)
    assert (statuses, rows) == ({200}, [])


# Secrets


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        ("{kind: typeform, secret: tf-secret}", "written out here"),
        ("{kind: typeform, secret: {env: NOBODY_SET_THIS}}", "NOBODY_SET_THIS, which is not set"),
        ("{kind: typeform, secret: {file: nowhere}}", "nowhere"),
        ("{kind: typeform, secret: {env: SHORT}}", "shorter than 8 bytes"),
        ("{kind: typeform, secret: []}", "empty list"),
        ("{kind: typefrom, secret: {env: TYPEFORM}}", "did you mean 'typeform'"),
        ("{kind: typeform}", "lacks 'secret'"),
        ("{kind: hmac, secret: {env: TYPEFORM}}", "lacks 'header'"),
        ("{kind: typeform, secret: {env: TYPEFORM}, window: 0}", "number of seconds"),
        ("{kind: standard, secret: {env: TYPEFORM}}", "base64"),
    ],
)
def test_a_secret_lies_elsewhere_and_a_broken_hook_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: str, says: str
) -> None:
    monkeypatch.setenv("SHORT", "1234567")
    yml = f"sites:\n  shop:\n    policy: policy.yml\n    hooks:\n      forms: {hook}\n"
    with pytest.raises(ConfigurationError, match=says) as raised:
        behind(tmp_path, yml, lambda visitor: visitor.ask("GET", "/healthz"))
    assert "tf-secret" not in str(raised.value)


def test_a_secret_may_lie_in_a_file_and_be_replaced_without_a_gap(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("tf-secret\n")
    (tmp_path / "new").write_text("tf-next-secret\n")
    yml = YML.replace("{env: TYPEFORM}", "[{file: new}, {file: old}]")

    async def script(visitor: Visitor) -> list[int]:
        path, sent, _ = typeform(consented(event_id="e-9"))
        next_one = base64.b64encode(hmac.digest(b"tf-next-secret", sent, "sha256")).decode()
        asks = [typeform(consented()), (path, sent, {"Typeform-Signature": f"sha256={next_one}"})]
        return [(await visitor.ask("POST", *ask)).status for ask in asks]

    assert behind(tmp_path, yml, script)[0] == [200, 200]


def test_a_process_that_opens_no_door_reads_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gateway.yml").write_text(YML)
    behind(tmp_path, YML, lambda visitor: visitor.ask("GET", "/healthz"))
    monkeypatch.delenv("TYPEFORM")
    assert read_configuration(tmp_path / "gateway.yml").sites.hook("typeform") is not None
    with pytest.raises(ConfigurationError, match="TYPEFORM"):
        read_configuration(tmp_path / "gateway.yml", secrets_of=("hooks", "forward"))


def test_no_repr_shows_a_secret(tmp_path: Path) -> None:
    async def script(visitor: Visitor) -> str:
        return repr(visitor.collect.pipeline.sites.all)

    said = behind(tmp_path, YML, script)[0]
    assert [secret for secret in ENV.values() if secret in said] == []
