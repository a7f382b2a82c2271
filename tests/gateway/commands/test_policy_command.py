"""`gateway policy`: through the command line, with the exit codes and sentences that people and scripts rely on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from consent.prose import ENGLISH
from consent.starters import STARTERS, starter
from gateway.cli import main
from gateway.commands.policy import policy

EXAMPLE = Path(__file__).parents[2] / "consent" / "policies" / "shop-web.yml"
VECTORS = Path(__file__).parents[2] / "consent" / "vectors"
TEXT = EXAMPLE.read_text()
Writer = Callable[..., str]


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["policy", *arguments], input=stdin)


@pytest.fixture
def edited(tmp_path: Path) -> Writer:
    def write(*changes: tuple[str, str], name: str = "draft.yml", text: str = TEXT) -> str:
        for old, new in changes:
            assert old in text, "the edit must find its place"
            text = text.replace(old, new, 1)
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize("command", sorted(policy.commands))
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"gateway policy {command}" in result.output
    assert "Example" in result.output


def test_check_says_that_a_policy_is_sound() -> None:
    result = run("check", str(EXAMPLE))
    assert result.exit_code == 0
    assert "is sound: 18 examples pass, 0 warnings" in result.output


@pytest.mark.parametrize("name", STARTERS)
def test_a_starter_is_clean_and_tested_to_the_last_clause(name: str) -> None:
    checked = run("check", f"starter:{name}")
    assert (checked.exit_code, "warning:" in checked.output) == (0, False)
    tested = run("test", f"starter:{name}", "--strict", "--quiet")
    assert (tested.exit_code, tested.output.splitlines()[-1].endswith(" 0 that no example notices")) == (0, True)


#: What is bad: (edit, sentence). Each ends with one line `file:line: sentence` and exit code 1.
BAD = {
    "duplicate key": (("people:\n", "people: {}\npeople:\n"), "says 'people' twice"),
    "anchor": (("people:\n", "people: &who\n"), "uses an anchor"),
    "unknown key": (("people:\n", "persons: {}\npeople:\n"), "is not a known key of the policy"),
    "NO unquoted": (('"NO"', "NO"), 'write "NO" (Norway) in quotes'),
    "tab indentation": (("  minors_under", "\tminors_under"), "is indented with a tab"),
    "purpose missing in a region": (
        ("until_objection: [counting], always", "always"),
        "says nothing about the purpose",
    ),
    "purpose twice in a region": (("ask_first: [analytics,", "ask_first: [analytics, analytics,"), "'analytics' twice"),
    "destination without transfer tool": ((" transfer: DPF,", ""), "names no transfer tool"),
    "unknown fideslang use": (("functional.service.improve", "functional.improve"), "fideslang data use"),
    "past review_by": (("review_by: 2027-05-15", "review_by: 2025-05-15"), "review_by was 2025-05-15"),
    "failing example": (
        ("{place: GB}, then: {allowed: [operations", "{place: GB}, then: {allowed: [analytics"),
        "fails",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_policy_is_refused_in_one_sentence_with_file_and_line(what: str, edited: Writer) -> None:
    edit, sentence = BAD[what]
    file = edited(edit)
    result = run("check", file)
    told = [line for line in result.output.splitlines() if sentence in line]
    assert result.exit_code == 1
    assert len(told) == 1
    assert told[0].startswith(f"{file}:")
    assert told[0].removeprefix(f"{file}:").partition(":")[0].isdecimal()
    assert result.output == told[0] + "\n"


def test_test_runs_every_example_and_names_what_nobody_tests(edited: Writer) -> None:
    result = run("test", str(EXAMPLE))
    assert result.exit_code == 0
    assert "examples: 18 of 18 pass" in result.output
    assert "uk         analytics       until_objection  silence 1, tcf no 1" in result.output
    assert f"{EXAMPLE}:18: nobody tests this: the region 'france' without FR" in result.output
    assert run("test", str(EXAMPLE), "--strict", "--quiet").exit_code == 1
    broken = run(
        "test", edited(("{place: GB}, then: {allowed: [operations", "{place: GB}, then: {allowed: [analytics"))
    )
    assert (broken.exit_code, "examples: 17 of 18 pass" in broken.output) == (1, True)


def test_explain_tells_a_hit_sentence_by_sentence() -> None:
    result = run("explain", str(EXAMPLE), "--place", "DE", "--signal", "gcd=13r3p3r3r5", "--signal", "sec-gpc=1")
    assert result.exit_code == 0
    assert (
        "analytics is refused: the region eea asks first (line 19); "
        "google_consent_mode said no to analytics_storage (line 32).\n"
    ) in result.output
    given = run("explain", str(EXAMPLE), "--given", "{place: US-CA, gpc: true}", "--format", "json")
    assert json.loads(given.output)["allowed"] == ["operations", "counting", "analytics", "personalise"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--place", "ZZ"), "ZZ is not an ISO 3166 code"),
        (("--signal", "telepathy=1"), "--signal telepathy is not CARRIER=TEXT"),
        (("--given", "{plaice: DE}"), "did you mean 'place'"),
        (("--at", "noon"), "--at noon is not a time"),
    ],
)
def test_a_question_that_cannot_be_understood_is_wrong_use(arguments: tuple[str, str], sentence: str) -> None:
    result = run("explain", str(EXAMPLE), *arguments)
    assert result.exit_code == 2
    assert sentence in result.output


def test_diff_says_exactly_the_clause_that_differs_and_refuses_to_widen(edited: Writer) -> None:
    stricter = edited(("ad_measurement: 90 days", "ad_measurement: 60 days"))
    result = run("diff", str(EXAMPLE), stricter)
    assert result.exit_code == 0
    assert result.output.splitlines()[1:] == [
        "        line 52: what serves ad_measurement is kept for 60 days, not 90 days"
    ]
    widened = run("diff", stricter, str(EXAMPLE))
    assert (widened.exit_code, widened.output.count("WIDENS")) == (1, 1)
    assert run("diff", stricter, str(EXAMPLE), "--allow-widening").exit_code == 0
    assert run("diff", str(EXAMPLE), str(EXAMPLE)).output.splitlines()[1:] == ["        nothing differs"]
    assert json.loads(run("diff", stricter, str(EXAMPLE), "--format", "json").output)[0]["widens"] is True


def test_simulate_replays_counts_under_a_draft(tmp_path: Path) -> None:
    counts = tmp_path / "counts.jsonl"
    counts.write_text('{"place": "GB", "said": "", "purposes": ["operations", "counting", "analytics"], "n": 70}\n')
    result = run("simulate", "starter:strictest", str(counts))
    assert result.exit_code == 0
    assert ["GB", "analytics", "70", "0", "0", "70"] in [line.split() for line in result.output.splitlines()]
    counts.write_text("nonsense\n")
    broken = run("simulate", "starter:strictest", str(counts))
    assert (broken.exit_code, "line 1 is not a count of decisions" in broken.output) == (2, True)


@pytest.mark.parametrize("document", ["ropa", "notice"])
def test_documents_are_written_as_markdown_and_json(document: str, tmp_path: Path) -> None:
    result = run(document, str(EXAMPLE), "--controller", "Shop GmbH", "--write", str(tmp_path))
    assert result.exit_code == 0
    markdown = (tmp_path / f"{document}.md").read_text()
    record = json.loads((tmp_path / f"{document}.json").read_text())
    assert record["controller"] == "Shop GmbH"
    assert markdown == run(document, str(EXAMPLE), "--controller", "Shop GmbH").output
    assert "25 months" in markdown


def test_documents_speak_another_language_where_a_whole_table_is_given(tmp_path: Path) -> None:
    table = tmp_path / "deutsch.yml"
    table.write_text(
        run("words").output.replace('"Your rights"', '"Ihre Rechte"') + "purpose.counting: Besuche zählen\n"
    )
    result = run("notice", str(EXAMPLE), "--words", str(table))
    assert "## Ihre Rechte" in result.output
    assert "## Besuche zählen" in result.output
    table.write_text("label.rights: Ihre Rechte\n")
    refused = run("notice", str(EXAMPLE), "--words", str(table))
    assert (refused.exit_code, "lacks " + next(iter(ENGLISH)) in refused.output) == (2, True)


def test_decode_answers_every_line_in_the_shape_of_the_vectors() -> None:
    vectors = [
        json.loads(line) for name in ("tcf.jsonl", "gpp.jsonl") for line in (VECTORS / name).read_text().splitlines()
    ]
    strings = [vector.get("tc") or vector["gpp"] for vector in vectors]
    answers = run("decode", "--lines", stdin="\n".join(strings) + "\n").output.splitlines()
    assert [json.loads(answer)["decoded"] for answer in answers] == [vector["decoded"] for vector in vectors]
    assert {tuple(json.loads(answer)) for answer in answers} == {("kind", "decoded")}


def test_decode_says_what_is_wrong_with_a_line_and_goes_on() -> None:
    answers = run("decode", "--lines", stdin=b"1YNN\n\n\xff\nnull\r\nDBABTA~1YNN").output.splitlines()
    told = [json.loads(answer) for answer in answers]
    assert [tuple(one) for one in told] == [
        ("kind", "decoded"),
        ("error",),
        ("error",),
        ("error",),
        ("kind", "decoded"),
    ]
    assert told[0] == {
        "kind": "us_privacy",
        "decoded": {"Version": 1, "Notice": "Y", "OptOutSale": "N", "LspaCovered": "N"},
    }
    assert len(run("decode", stdin="1YNN\n\n1YNN\n").output.splitlines()) == 2


def test_decode_remarks_on_strings_that_are_no_valid_yes() -> None:
    malformed = [json.loads(line) for line in (VECTORS / "malformed.jsonl").read_text().splitlines()]
    text = next(vector["s"] for vector in malformed if vector["note"].startswith("policy version 2"))
    (answer,) = run("decode", "--remarks", stdin=text).output.splitlines()
    assert json.loads(answer)["remarks"] == ["policy version 2 is not 4 or 5"]


def test_the_policy_of_a_gateway_yml_is_found(tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_bytes(starter("europe"))
    config = tmp_path / "gateway.yml"
    config.write_text("sites:\n  shop:\n    policy: policy.yml\n")
    assert "europe 2026-11-22.1" in run("check", "--config", str(config)).output
    config.write_text("settings: {port: 1}\n")
    assert run("check", "--config", str(config)).exit_code == 2


@pytest.mark.parametrize(
    "arguments", [("check",), ("check", "no-such.yml"), ("check", "starter:lenient"), ("diff", "x")]
)
def test_what_is_not_there_is_wrong_use(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
