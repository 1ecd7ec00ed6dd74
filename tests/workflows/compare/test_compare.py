"""Campaigns of the sandbox, compared: figures against what the vendor really has, options, and bad input."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest

import unibatch
from tests.bothways import ONE_CLIENT, VENDORS
from tests.workflows.compare.conftest import Compare, Create
from unibatch import CallStatus, IncompleteListing, InvalidInput, ServerError
from unibatch.core.model import Money
from unibatch.sandbox import Sandbox
from unibatch.workflows.compare import METRICS, ROW_KEYS, reading
from unibatch.workflows.compare.sentences import sentences_of, warnings_of

COMPLETED = {"completed", "ended"}
PICKED_UP = {*COMPLETED, "voicemail"}


def campaign_id(reference: str) -> str:
    return reference.partition(":")[2]


def words(sandbox: Sandbox, reference: str) -> Counter[str]:
    """How many contacts the vendor really has with each of its words."""
    vendor, _, campaign = reference.removeprefix("sandbox-").partition(":")
    return Counter(contact.status for contact in sandbox.state(vendor, campaign).contacts)


@pytest.mark.parametrize("vendor", VENDORS)
def test_figures_are_those_of_the_vendors_own_records(
    sandbox: Sandbox, create: Create, compare: Compare, vendor: str
) -> None:
    references = [create(vendor, contacts=230), create(vendor, contacts=120)]
    compared = compare(references)

    for reference, side in zip(references, compared.sides, strict=True):
        really = words(sandbox, reference)
        concluded = really.total() - really["cancelled"]
        reached = sum(really[word] for word in PICKED_UP)
        completed = sum(really[word] for word in COMPLETED)
        figures = {name: side.figure(name) for name in METRICS}
        assert figures["contacts"].value == really.total()
        assert (figures["reached"].numerator, figures["reached"].denominator) == (reached, concluded)
        assert (figures["completed"].numerator, figures["completed"].value) == (completed, completed / concluded)
        assert (figures["no_answer"].numerator, figures["open"].numerator) == (really["no_answer"], 0)
        assert sum(each.count for each in side.outcomes) == concluded
        assert side.is_complete
        assert not side.is_running


def test_attempts_are_those_that_were_made(sandbox: Sandbox, create: Create, compare: Compare) -> None:
    references = [create("talkifai", contacts=150), create("truedy")]
    side = compare(references).sides[0]
    state = sandbox.state("talkifai", campaign_id(references[0]))

    made = sum(state.dialled.values())
    answered = sum(contact.status == "completed" for contact in state.contacts)
    assert made > len(state.contacts)
    assert side.figure("attempts").value == made
    assert side.figure("answer_seizure_ratio").value == answered / made
    assert {each.value: each.count for each in side.attempts} == Counter(each.attempts for each in state.contacts)


@pytest.mark.parametrize("by", [(), ("country", "hour", "weekday", "attempt")], ids=["as they are", "broken down"])
def test_figures_are_the_same_from_a_provider_that_makes_no_results(
    create: Create, compare: Compare, monkeypatch: pytest.MonkeyPatch, by: Sequence[str]
) -> None:
    references = [create(vendor, 130, calls=100) for vendor in VENDORS]
    since = compare(references).sides[0].pace[2].value
    from_results = [compare(references, by=by, **how) for how in ({}, {"since": since})]
    monkeypatch.setattr(reading, "results_of", lambda listing: listing)
    from_contacts = [compare(references, by=by, **how) for how in ({}, {"since": since})]

    whole, late = from_results
    assert [attrs.evolve(each, created_at=whole.created_at) for each in from_contacts] == [
        whole,
        attrs.evolve(late, created_at=whole.created_at),
    ]
    assert 0 < late.sides[0].figure("contacts").value < whole.sides[0].figure("contacts").value  # type: ignore[operator]  # both are numbers


def test_a_group_is_the_sum_of_its_campaigns(create: Create, compare: Compare) -> None:
    first, second, other = create("truedy", 90), create("truedy", 40), create("techladder")
    apart = compare([first, second])
    together = compare({"both": [first, second], "other": other}).side("both")

    for name in ("contacts", "cost"):
        values = [side.figure(name).value for side in apart.sides]
        amounts = [value.amount if isinstance(value, Money) else value for value in values]
        found = together.figure(name).value
        assert (found.amount if isinstance(found, Money) else found) == sum(amounts)  # type: ignore[arg-type]  # no times
    assert together.figure("reached").numerator == sum(side.figure("reached").numerator or 0 for side in apart.sides)
    assert [each.reference for each in together.campaigns] == [first, second]


def test_a_campaign_that_runs_is_compared_and_marked(create: Create, compare: Compare) -> None:
    over, running = create("talkifai"), create("techladder", 200, calls=80)
    compared = compare([over, running])
    side = compared.side(running)

    assert [each.is_running for each in compared.sides] == [False, True]
    assert (side.figure("open").numerator or 0) >= 120
    assert any(f"{running} is not over" in warning for warning in compared.warnings)


@pytest.mark.parametrize("vendor", ["truedy", "techladder"])
def test_contacts_that_a_cancelled_campaign_did_not_call_are_final(
    sandbox: Sandbox, create: Create, compare: Compare, vendor: str
) -> None:
    references = [create(vendor, 100, calls=60), create("talkifai")]
    sandbox.set_status(vendor, campaign_id(references[0]), "cancelled")
    side = compare(references).sides[0]
    under_way = {"ringing", "in-progress", "in_progress", "answered"}
    really = words(sandbox, references[0])

    assert side.figure("open").numerator == sum(really[word] for word in under_way)


@ONE_CLIENT
def test_nobody_called_and_different_currencies_are_said(sandbox: Sandbox, create: Create, compare: Compare) -> None:
    held = f"sandbox-truedy:{sandbox.create('truedy', 10)}"
    compared = compare([create("truedy"), held])
    assert any(f"{held}: nobody was called" in warning for warning in compared.warnings)

    euros = attrs.evolve(compared.sides[0].figure("cost"), value=Money(Decimal(3), "EUR"), not_told=None)
    figures = tuple(euros if each.metric == "cost" else each for each in compared.sides[1].figures)
    sides = (compared.sides[0], attrs.evolve(compared.sides[1], figures=figures))
    assert any("different currencies" in warning for warning in warnings_of(attrs.evolve(compared, sides=sides)))


# Differences ----------------------------------------------------------------------------------------------------------


@ONE_CLIENT
def test_three_campaigns_are_compared_in_pairs_or_with_the_baseline(create: Create, compare: Compare) -> None:
    references = [create(vendor, 150) for vendor in VENDORS]
    each_with_each = [each for each in compare(references).differences if each.metric == "reached"]
    baseline = compare(references, baseline="sandbox-techladder")
    with_baseline = [each for each in baseline.differences if each.metric == "reached"]

    assert len(each_with_each) == 3
    assert [(each.first, each.second) for each in with_baseline] == [
        (references[1], references[0]),
        (references[1], references[2]),
    ]
    for each in each_with_each:
        assert each.p_value <= each.corrected_p_value
        assert each.is_noise == (each.corrected_p_value >= 0.05)


@ONE_CLIENT
def test_a_difference_of_outcomes_is_told_from_noise(sandbox: Sandbox, create: Create, compare: Compare) -> None:
    usual = create("techladder", 300)
    sandbox.assume("techladder", outcome="completed")
    good, good_too = create("techladder", 300), create("techladder", 300)
    compared = compare([usual, good, good_too])
    reached = [sentence for sentence in compared.sentences if sentence.startswith("Reached")]

    assert ["more than noise" in sentence for sentence in reached] == [True, True, False]
    assert "no difference" in reached[2]


@ONE_CLIENT
def test_a_difference_that_only_the_correction_calls_noise_is_said_to_be_so(create: Create, compare: Compare) -> None:
    compared = compare([create("truedy", 20), create("techladder", 20)])
    reached = next(each for each in compared.differences if each.metric == "reached")
    reached = attrs.evolve(reached, value=0.2, p_value=0.02, corrected_p_value=0.06, is_noise=True)
    corrected = attrs.evolve(reached, p_value=0.3, corrected_p_value=0.9)
    sentences = [sentences_of(attrs.evolve(compared, differences=(each,)))[0] for each in (reached, corrected)]

    assert ["among so many comparisons" in sentence for sentence in sentences] == [True, False]


@ONE_CLIENT
def test_what_the_filters_leave_is_said_if_it_is_nothing(create: Create, compare: Compare) -> None:
    compared = compare([create("techladder"), create("talkifai")], only="skipped")

    assert [warning for warning in compared.warnings if "the filters leave no contact" in warning] == [
        f"{side.label}: the filters leave no contact." for side in compared.sides
    ]


@ONE_CLIENT
def test_vendors_without_a_word_for_voicemail_are_named_once(create: Create, compare: Compare) -> None:
    compared = compare([create(vendor) for vendor in VENDORS])

    assert [warning.partition(" no word")[0] for warning in compared.warnings if "voicemail" in warning] == [
        "TalkifAI and TechLadder have"
    ]


@ONE_CLIENT
def test_lists_that_differ_much_are_warned_of(sandbox: Sandbox, create: Create, compare: Compare) -> None:
    alike = compare([create("truedy", 200, calls=150), create("techladder", 200, calls=150)])
    assert not [mix for mix in alike.mixes if mix.of == "countries" and mix.differs_much]

    sandbox.advance(seconds=7 * 3600)
    later = compare([create("truedy", 200, calls=150), alike.sides[0].label])
    assert [mix.differs_much for mix in later.mixes if mix.of == "hours"] == [True]
    assert any("differ much in the hours" in warning for warning in later.warnings)


# Options --------------------------------------------------------------------------------------------------------------


@ONE_CLIENT
def test_filters_count_only_what_they_admit(create: Create, compare: Compare) -> None:
    references = [create("truedy", 120), create("talkifai", 120)]
    whole = compare(references)
    some = compare(references, only=["completed", "no_answer"], without=CallStatus.COMPLETED)

    for before, after in zip(whole.sides, some.sides, strict=True):
        assert after.figure("contacts").value == before.figure("no_answer").numerator
        assert {each.value for each in after.statuses} == {"no_answer"}
    assert "contacts are left out" in str(some.sides[0].figure("cost").not_told)


@ONE_CLIENT
def test_since_and_until_go_by_the_latest_call(create: Create, compare: Compare) -> None:
    references = [create("truedy", 120), create("techladder", 120)]
    whole = compare(references)
    middle = whole.sides[0].pace[len(whole.sides[0].pace) // 2].value
    assert isinstance(middle, datetime)
    before, after = compare(references, until=middle), compare(references, since=middle)

    for old, new, side in zip(before.sides, after.sides, whole.sides, strict=True):
        counts = [each.figure("contacts").value for each in (old, new)]
        assert sum(counts) == sum(each.count for each in side.pace)  # type: ignore[arg-type]  # counts are numbers
        times = [each.figure("last_attempt").value for each in (old, new)]
        assert [time is None or time < middle for time in times] == [True, False]  # type: ignore[operator]  # or times


@pytest.mark.parametrize(
    ("by", "values"),
    [
        ("country", {"US", "GB"}),
        ("weekday", {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "not told"}),
        ("hour", {*(f"{hour:02}" for hour in range(24)), "not told"}),
        ("attempt", {"1", "2", "3", "not told"}),
        ("field:customer_tier", None),
    ],
)
@ONE_CLIENT
def test_a_breakdown_holds_every_contact_once(
    create: Create, compare: Compare, by: str, values: set[str] | None
) -> None:
    compared = compare([create("truedy", 80), create("talkifai", 90)], by=by)
    (breakdown,) = compared.breakdowns

    assert values is None or {row.value for row in breakdown.rows} <= values
    for side in compared.sides:
        parts = [part for row in breakdown.rows for part in row.parts if part.side == side.label]
        for name in ("contacts", "reached"):
            counted = [part.figure(name) for part in parts]
            whole = side.figure(name)
            numbers = (
                [each.numerator or 0 for each in counted] if name == "reached" else [each.value for each in counted]
            )
            assert sum(numbers) == (whole.numerator if name == "reached" else whole.value)  # type: ignore[arg-type]  # numbers


def test_progress_is_told_of_each_campaign(create: Create, compare: Compare) -> None:
    references = [create("truedy", 250), create("techladder", 60)]
    told: list[tuple[str, int, int | None]] = []
    compare(references, on_progress=lambda *what: told.append(what))

    assert [seen for reference, seen, _ in told if reference == references[0]] == [100, 200, 250]
    assert (references[1], 60, 60) in told


@ONE_CLIENT
def test_clients_can_be_given_and_stay_open(create: Create, compare: Compare) -> None:
    first, second = create("truedy"), create("truedy")
    with unibatch.connect("sandbox-truedy") as client:
        compared = compare([(client, campaign_id(first)), (client, campaign_id(second))])
        assert [side.label for side in compared.sides] == [f"truedy:{campaign_id(each)}" for each in (first, second)]
        assert client.get_campaign(campaign_id(first)).id == campaign_id(first)


# Bad input ------------------------------------------------------------------------------------------------------------

NAIVE = datetime(2026, 3, 1)  # noqa: DTZ001 - that is what is refused
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("campaigns", "how", "said"),
    [
        ([], {}, "none is named"),
        (["sandbox-truedy:b1"], {}, "only sandbox-truedy:b1 is named"),
        (["sandbox-truedy:b1", "sandbox-truedy:b1"], {}, "there twice"),
        (["sandbox-truedy:b1", "other-truedy:b1"], {}, "are the same campaign"),
        ({"a": ["sandbox-truedy:b1"], "b": ["sandbox-truedy:b2", "sandbox-truedy:b1"]}, {}, "b1 is there twice"),
        ({"a": ["sandbox-truedy:b1", "sandbox-talkifai:b2"], "b": "sandbox-truedy:b3"}, {}, "campaigns of one vendor"),
        ({"a": [], "b": "sandbox-truedy:b3"}, {}, "'a' has no campaign"),
        ({" ": "sandbox-truedy:b1", "b": "sandbox-truedy:b3"}, {}, "label"),
        ("sandbox-truedy:b1", {}, "in a list"),
        (["sandbox-truedy:b1", "b2"], {}, "PROFILE:CAMPAIGN_ID"),
        (["sandbox-truedy:b1", ("sandbox-truedy", "b2")], {}, "a pair of a client"),
        (["sandbox-truedy:b1", "sandbox-truedy:b2"], {"by": "colour"}, "field:NAME"),
        (["sandbox-truedy:b1", "sandbox-truedy:b2"], {"by": "field:"}, "field:NAME"),
        (["sandbox-truedy:b1", "sandbox-truedy:b2"], {"only": "done"}, "'done'"),
        (["sandbox-truedy:b1", "sandbox-truedy:b2"], {"only": "busy", "without": "busy"}, "leave no status"),
        (["sandbox-truedy:b1", "sandbox-truedy:b2"], {"since": NAIVE}, "time zone"),
        (["sandbox-truedy:b1", "sandbox-truedy:b2"], {"since": MARCH, "until": MARCH}, "before until"),
        (["sandbox-truedy:b1", "sandbox-truedy:b2"], {"baseline": "b3"}, "is none of them"),
        (["sandbox-truedy:b1", "sandbox-truedy:b2"], {"baseline": "sandbox-truedy"}, "several sides"),
    ],
)
def test_what_makes_no_comparison_is_refused_before_anything_is_sent(
    sandbox: Sandbox, compare: Compare, campaigns: Any, how: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        compare(campaigns, **how)
    assert sandbox.requests == ()


def more_announced(_request: object, answer: Any) -> Any:
    answer["data"]["total"] = answer["data"]["total"] + 7
    return answer


def test_an_incomplete_listing_is_refused_or_marked(sandbox: Sandbox, create: Create, compare: Compare) -> None:
    references = [create("techladder"), create("truedy")]
    sandbox.fail("techladder", path="/calls", times=None, edit=more_announced)

    with pytest.raises(IncompleteListing, match="nothing was compared"):
        compare(references)
    compared = compare(references, accept_incomplete=True)
    assert [side.is_complete for side in compared.sides] == [False, True]
    assert any("is incomplete" in warning for warning in compared.warnings)
    sandbox.clear_faults()


def test_the_first_error_ends_the_comparison(sandbox: Sandbox, create: Create, compare: Compare) -> None:
    references = [create("techladder"), create("truedy", 400)]
    sandbox.fail("techladder", status=503, times=None)

    with pytest.raises(ServerError, match="techladder"):
        compare(references)
    sandbox.clear_faults()
    for thread in threading.enumerate():
        if thread.name == "unibatch-compare":
            thread.join(timeout=10)
            assert not thread.is_alive()


# What it gives --------------------------------------------------------------------------------------------------------


@ONE_CLIENT
def test_json_has_a_version_and_nobodys_number(sandbox: Sandbox, create: Create, compare: Compare) -> None:
    references = [create("truedy"), create("talkifai")]
    compared = compare(references, by=["country", "hour"])
    text = json.dumps(unibatch.to_dict(compared))
    numbers = [contact.number for contact in sandbox.state("truedy", campaign_id(references[0])).contacts]

    assert json.loads(text)["version"] == 1
    assert [number for number in numbers if number in text] == []
    assert [figure["metric"] for figure in json.loads(text)["sides"][0]["figures"]] == list(METRICS)


@ONE_CLIENT
def test_rows_are_flat_and_a_notebook_shows_no_markup_of_others(create: Create, compare: Compare) -> None:
    compared = compare({"<script>alert(1)</script>": create("truedy"), "b": create("talkifai")}, by="country")
    rows = compared.to_rows()
    shown = compared._repr_html_()

    assert all(tuple(row) == ROW_KEYS for row in rows)
    assert len(rows) == len(METRICS) * (2 + sum(len(row.parts) for row in compared.breakdowns[0].rows))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert f"{compared.side('b').figure('reached').value:.1%}".removesuffix("%") in shown


def test_a_side_or_metric_that_is_not_there_is_named(create: Create, compare: Compare) -> None:
    compared = compare([create("truedy"), create("talkifai")])

    with pytest.raises(InvalidInput, match="no side 'x'"):
        compared.side("x")
    with pytest.raises(InvalidInput, match="no metric 'x'"):
        compared.sides[0].figure("x")
