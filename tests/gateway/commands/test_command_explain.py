"""`gateway explain`: a recorded request in, its walk in sentences out."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from gateway.cli import main

HITS = Path(__file__).parents[2] / "hits"

OWN = (
    b"POST /collect HTTP/1.1\r\nHost: t.shop.example\r\n\r\n"
    b'{"site":"demo","consent":{"choice":"explicit","purposes":{"analytics":true}},"events":[{"event":"share",'
    b'"client_id":"c-1","page":{"url":"https://shop.example/x?token=secret","title":"A title"},'
    b'"properties":{"mood":"blue"}}]}'
)


def said(text: bytes, *options: str) -> str:
    done = CliRunner().invoke(main, ["explain", *options], input=text)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_fact_is_explained_from_adapter_to_row() -> None:
    lines = said(OWN, "--country", "DE")
    for expected in (
        "Adapter: own read 1 events and refused 0.",
        "gateway_sdk says yes to analytics",
        "analytics is allowed: the region everywhere_alike asks first",
        "counting is refused",
        "Contract: share@1, valid.",
        "client_id (pseudonymised), query and fragment of page_url, page_title, property mood.",
        '"visitor_kind": "durable"',
    ):
        assert expected in lines


def test_no_value_that_was_stripped_is_shown() -> None:
    lines = said(OWN)
    assert [value for value in ("secret", "A title", "blue", "c-1", "192.0.2.1") if value in lines] == []


def test_a_refusal_is_explained() -> None:
    lines = said(OWN.replace(b'"analytics":true', b'"analytics":false'))
    assert "analytics is refused" in lines
    assert "Outcome: refused, consent_denied." in lines


def test_every_recorded_request_is_explained() -> None:
    for file in sorted(HITS.glob("*.jsonl")):
        if ".golden." not in file.name:
            assert "Adapter: " in said(file.read_bytes()), file.name


def test_what_is_no_request_gets_a_sentence() -> None:
    done = CliRunner().invoke(main, ["explain"], input=b"hello")
    assert (done.exit_code, done.output.count("\n")) == (2, 1)
