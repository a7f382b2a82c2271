"""Reading contract files: what is unclear is refused with file, line and a sentence."""

from __future__ import annotations

import time

import pytest

from gateway.intake.contracts import ContractError, read_contracts, starter_contracts
from gateway.intake.contracts.patterns import compile_pattern
from gateway.intake.contracts.words import Kind, Property, Stage, Status, Type, Worth

#: The names of the project's vocabulary of events.
CANONICAL = frozenset(
    """
    page_view session_start first_visit user_engagement scroll click file_download form_start form_submit search login
    sign_up generate_lead newsletter_signup consent_update product_list_view product_select product_view add_to_cart
    remove_from_cart cart_view begin_checkout add_shipping_info add_payment_info purchase refund promotion_view
    promotion_select wishlist_add wishlist_remove mood_board_add mood_board_share product_compare filter_apply
    sort_apply size_guide_view sample_request quiz_start quiz_complete seller_favourite seller_contact share
    back_in_stock_request
    warranty_view video_start video_progress video_complete virtual_consult_request promo_code_apply ar_view
    survey_answer email_open email_click review_view review_write delivery_check store_find brochure_download
    price_alert_set gallery_zoom swatch_select room_plan
    """.split()  # noqa: SIM905 - a table of words reads better than a list of strings
)

HEAD = (
    "version: 1, status: active, owner: web, stage: intent, kind: micro, purpose: counting, enforcement: flag, "
    "say: A test"
)


def contract(text: str, head: str = HEAD) -> bytes:
    return f"contracts:\n  tried:\n    {{{head}, {text}}}\n".encode()


def refused(text: bytes) -> ContractError:
    with pytest.raises(ContractError) as caught:
        read_contracts({"tried.yml": text})
    return caught.value


def test_the_starter_set_defines_every_canonical_event_once() -> None:
    names = [terms.name for terms in read_contracts(starter_contracts())]
    assert sorted(CANONICAL) == names


def test_every_starter_contract_says_who_answers_for_it_and_what_it_means() -> None:
    for terms in read_contracts(starter_contracts()):
        assert terms.owner
        assert len(terms.say) > 10
        assert terms.status is Status.ACTIVE
        assert set(terms.purposes) <= {"counting", "analytics"}
        for rule in terms.properties.values():
            assert rule.say, (terms.name, rule.name)
            assert rule.example


def test_what_needs_recognition_is_not_collected_for_counting() -> None:
    contracts = read_contracts(starter_contracts())
    for name in ("first_visit", "login", "sign_up", "email_open", "email_click", "survey_answer"):
        assert contracts.terms[name].purposes == ("analytics",)


def test_macro_conversions_are_purchase_refund_and_lead() -> None:
    macros = {terms.name for terms in read_contracts(starter_contracts()) if terms.kind is Kind.MACRO}
    assert macros == {"purchase", "refund", "generate_lead"}
    assert set(Stage) == {terms.stage for terms in read_contracts(starter_contracts())}


def test_a_child_inherits_what_it_leaves_out_and_may_narrow_it() -> None:
    text = b"""
properties: {size: {type: string, is: user.behavior, example: L}}
contracts:
  compare:
    {version: 2, status: active, owner: web, stage: evaluation, kind: micro, purpose: analytics,
     enforcement: quarantine, say: Compared, value: {fixed: 2.50, currency: EUR}, properties: {size: optional}}
  compare.tv: {say: Compared televisions, version: 7, properties: {size: required}}
  compare.tv.oled: {owner: tv team}
"""
    contracts = read_contracts({"a.yml": text})
    tv, oled = contracts.terms["compare.tv"], contracts.terms["compare.tv.oled"]
    assert (tv.version, tv.stage, tv.owner, tv.inherits) == (7, Stage.EVALUATION, "web", "compare")
    assert tv.worth == Worth(fixed=2.5, currency="EUR")
    assert not contracts.terms["compare"].properties["size"].required
    assert tv.properties["size"].required
    assert (oled.version, oled.owner, oled.say) == (7, "tv team", "Compared televisions")
    assert oled.properties["size"] == Property("size", Type.STRING, "user.behavior", required=True, example="L", line=2)


def test_an_event_without_a_contract_of_its_own_falls_under_its_nearest_ancestor() -> None:
    contracts = read_contracts(starter_contracts())
    found = contracts.find("product_view.tv.oled")
    assert found is not None
    assert found.terms.name == "product_view"
    assert contracts.find("unheard_of") is None
    assert contracts.find("") is None
    assert contracts.find("...") is None


def test_a_draft_lets_nothing_through() -> None:
    text = contract("properties: {}", HEAD.replace("active", "draft"))
    contracts = read_contracts({"tried.yml": text})
    assert contracts.find("tried") is None
    assert contracts.terms["tried"].status is Status.DRAFT


def test_dictionaries_of_several_files_are_one() -> None:
    contracts = read_contracts(
        {
            "b.yml": contract("properties: {size: required}"),
            "a.yml": b"properties: {size: {type: string, is: user, example: L}}",
        }
    )
    assert contracts.terms["tried"].properties["size"].required


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        (b"contracts: [a]", 1, "should be a table"),
        (b"contract: {}", 1, "did you mean 'contracts'"),
        (b"contracts:\n  a: {}", 2, "lacks 'version'"),
        (b"contracts:\n  a: {inherits: b}\n  b: {inherits: a}", 3, "inherits from itself"),
        (b"contracts:\n  a: {inherits: a.b}\n  a.b: {say: x}", 2, "inherits from itself"),
        (b"contracts:\n  a: {inherits: a}", 2, "inherits from itself"),
        (b"contracts:\n  a: {inherits: product}\n  products: {}", 2, "did you mean 'products'"),
        (b"contracts:\n  Product View: {}", 2, "no name of a event"),
        (b"contracts:\n  a..b: {}", 2, "no name of a event"),
        (b"contracts:\n  a: {}\n  a: {}", 3, "twice"),
        (contract("colour: red"), 3, "'colour' is not a known key"),
        (contract("properties: {size: required}"), 3, "defined in no file's properties"),
        (contract("properties: {size: maybe}"), 3, "not a known use of a property"),
        (contract("properties: {size: {type: text, is: user, example: L}}"), 3, "'text' is not a known type"),
        (contract("properties: {size: {type: string, is: user.shoe, example: L}}"), 3, "fideslang data category"),
        (contract("properties: {size: {type: string, is: user}}"), 3, "lacks 'example'"),
        (contract("properties: {size: {type: string, is: user, example: L, min: 3}}"), 3, "has no 'min'"),
        (contract("properties: {size: {type: string, is: user, example: L, max_length: 9000}}"), 3, "from 1 to 1024"),
        (contract("properties: {n: {type: number, is: user, example: 5, max: 4}}"), 3, "breaks its own rule: max"),
        (contract("properties: {n: {type: number, is: user, example: 5, min: few}}"), 3, "min should be a number"),
        (contract("properties: {n: {type: number, is: user, example: 5, min: 6, max: 1}}"), 3, "min above its max"),
        (contract("properties: {n: {type: enum, is: user, example: a}}"), 3, "lists no enum"),
        (contract("properties: {n: {type: enum, is: user, example: a, enum: [b]}}"), 3, "breaks its own rule: enum"),
        (contract("properties: {n: {type: items, is: user, example: a}}"), 2, "and no other, has the type items"),
        (
            contract("properties: {items: {type: string, is: user, example: a}}"),
            2,
            "and no other, has the type items",
        ),
        (contract("properties: {e_mail: {type: string, is: user.behavior, example: a}}"), 3, "sounds personal"),
        (contract("properties: {customer_phone: {type: string, is: user.contact, example: a}}"), 3, "sounds personal"),
        (contract('properties: {n: {type: string, is: user, example: a, pattern: "("}}'), 3, "its pattern"),
        (
            contract('properties: {n: {type: string, is: user, example: a, pattern: "[a-z]+a"}}'),
            3,
            "its own rule: pattern",
        ),
        (contract("value: much"), 3, "value rule"),
        (contract("value: {take: size}"), 3, "no number among"),
        (contract("value: {fixed: many, currency: EUR}"), 3, "fixed should be an amount"),
        (contract("value: {fixed: 3, currency: euro}"), 3, "ISO 4217"),
        (contract("value: {fixed: 3}"), 3, "{take: property} or {fixed: amount, currency: EUR}"),
        (contract("properties: {}", HEAD.replace("version: 1", "version: one")), 3, "whole number"),
        (contract("properties: {}", HEAD.replace("version: 1", "version: 0")), 3, "whole number"),
        (contract("properties: {}", HEAD.replace("intent", "wish")), 3, "not a known stage"),
        (contract("properties: {}", HEAD.replace("purpose: counting", "purpose: []")), 3, "lists no purpose"),
        (contract("properties: {}", HEAD.replace("active", "deprecated")), 2, "what to use_instead"),
        (contract("use_instead: b", HEAD.replace("active", "deprecated")), 2, "no active contract"),
        (contract("use_instead: tried", HEAD.replace("active", "deprecated")), 2, "no active contract"),
        (b"contracts:\n  a: &anchor {}", 2, "anchor"),
        (b"\xff\xfe", 1, "UTF-8"),
        (b"", 1, "empty"),
    ],
)
def test_what_is_unclear_is_refused_with_its_line_and_a_sentence(text: bytes, line: int, sentence: str) -> None:
    error = refused(text)
    assert sentence in error.sentence
    assert (error.file, error.line) == ("tried.yml", line)
    assert str(error) == f"tried.yml:{line}: {error.sentence}"


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("[A-Z]{3}", "EUR", "EURO"),
        (r"\d{2}\.\d{2}", "10.50", "10x50"),
        ("ORD-[0-9]{1,8}(-[AB])?", "ORD-12-A", "ORD--A"),
        ("(cat|dog)s?", "cats", "bird"),
        ("[^@]{1,128}", "SKU 12/3", "a@b"),
        ("a|b|", "", "c"),
        (r"[\]\\-]+", "]\\-", "x"),
    ],
)
def test_patterns_match_whole_values(pattern: str, matching: str, other: str) -> None:
    compiled = compile_pattern(pattern)
    assert compiled.fullmatch(matching)
    assert not compiled.fullmatch(other)


@pytest.mark.parametrize(
    "pattern",
    [
        "^a$",
        r"(a)\1",
        "(?=a)",
        "(?P<n>a)",
        "a**",
        "*a",
        "a{3}{4}",
        "a+?",
        "(",
        "[",
        r"\b",
        "a{9999999999999}",
        "x" * 201,
    ],
)
def test_patterns_that_need_backtracking_or_make_no_sense_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        compile_pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a*)*(a*)*b", "a*a*a*a*a*a*b", "((a?){20}a{20}){3}"])
def test_no_pattern_is_slow_for_any_text(pattern: str) -> None:
    compiled = compile_pattern(pattern)
    start = time.process_time()
    assert not compiled.fullmatch("a" * 1000)
    assert time.process_time() - start < 0.05
