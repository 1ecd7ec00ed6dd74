"""What happens to a draft at a vendor: one finding a field, all at once, for anything that a draft may hold."""
# ruff: noqa: DTZ001 - moments without a zone are among what is tested

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.writing.conftest import NEEDED, VENDORS, contacts
from unibatch import preflight
from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start, StartKind
from unibatch.core.draft_fields import Composition, How
from unibatch.core.errors import DraftRefused, InvalidInput
from unibatch.core.findings import Finding, Fit, Preflight
from unibatch.core.model import RedialPolicy, Schedule
from unibatch.core.preflight import compose, compose_contacts
from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus
from unibatch.providers import registry
from unibatch.providers.truedy import Truedy

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 20, 9)
BERLIN = "Europe/Berlin"
HUGE = pytest.param(10**5000, id="too long to be written")

DEFAULTS: Mapping[str, Mapping[str, Any]] = {"truedy": {}, "techladder": {}, "talkifai": {"organization_id": "org_1"}}


def provider(vendor: str, /, **defaults: Any) -> Provider:
    return registry.load(vendor)({**DEFAULTS[vendor], **defaults})


def draft(vendor: str, /, **changes: Any) -> CampaignDraft:
    """A draft that the vendor takes without any loss, unless the changes see to that."""
    usual: dict[str, Any] = {"name": "Spring", "contacts": contacts(vendor), "start": Start.NOW, **NEEDED[vendor]}
    return CampaignDraft(**{**usual, **changes})


def composed(vendor: str, /, **changes: Any) -> Composition:
    return compose(provider(vendor), draft(vendor, **changes), NOW)


def findings(vendor: str, /, **changes: Any) -> dict[str, Finding]:
    found = composed(vendor, **changes).preflight.findings
    assert len({finding.field for finding in found}) == len(found), "one finding a field"
    return {finding.field: finding for finding in found}


def wrong(vendor: str, /, **changes: Any) -> dict[str, str]:
    """What has to be corrected, and why."""
    return {name: finding.reason for name, finding in findings(vendor, **changes).items() if finding.fit is Fit.INVALID}


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


class TestADraftThatFits:
    def test_nothing_blocks_it(self, vendor: str) -> None:
        assert composed(vendor).preflight.obstacles() == []

    def test_it_is_returned(self) -> None:
        made = composed("truedy")
        assert made.require("create_campaign") == made

    def test_it_carries_what_is_accepted(self) -> None:
        assert composed("truedy").require("create_campaign", ["description"]).accepted == {"description"}

    def test_the_draft_itself_stays_as_it_is(self, vendor: str) -> None:
        one = draft(vendor)
        compose(provider(vendor, from_number_ids=["pn_1"]), one, NOW)
        assert one == draft(vendor)

    def test_everybody_is_sent_in_order(self, vendor: str) -> None:
        made = composed(vendor)
        numbers = [body.get("phone_number") or body.get("phone") for body in made.contacts]
        assert ["+" + str(number).removeprefix("+") for number in numbers] == [
            contact.phone_number for contact in made.draft.contacts
        ]

    def test_a_limit_that_is_kept_has_a_finding(self) -> None:
        found = findings("techladder", max_concurrency=5)
        assert (found["max_contacts"].fit, found["max_contacts"].reason) == (Fit.NATIVE, "3 of at most 10,000 contacts")
        assert found["max_concurrency"].reason == "5 of at most 20 calls at the same time"
        assert found["max_concurrency"].sent == {"concurrency": 5}

    def test_repeated_numbers_are_named_and_left_out(self) -> None:
        people = contacts("truedy")
        made = composed("truedy", contacts=[*people, people[0]])
        found = next(finding for finding in made.preflight.findings if finding.field == "contacts")
        assert (found.fit, found.reason) == (
            Fit.MAPPED,
            "3 to call; 1 left out, because their number came before: +12*******00",
        )
        assert len(made.contacts) == 3

    def test_what_is_sent_cannot_be_changed(self) -> None:
        sent: Any = findings("techladder", max_concurrency=5)["max_concurrency"].sent
        with pytest.raises(TypeError):
            sent["concurrency"] = 6


WHOLE = "must be a whole number from 1 to 1,000,000,000, not "
MARS = "'Mars' is not the IANA name of a time zone, such as \"Europe/Berlin\""
ASCII = "must have 1 to 200 printable ASCII characters, and no blank at either end"
SPLIT = "must be what CampaignDraft.split() sets, not "


class TestWhatIsWrong:
    """One mistake each; the field is named, and nothing else. These checks are the same for every vendor."""

    @pytest.mark.parametrize(
        ("changes", "field", "reason"),
        [
            ({"contacts": []}, "contacts", "no contacts"),
            ({"name": ""}, "name", "must be a text that is not blank, not ''"),
            ({"name": " "}, "name", "must be a text that is not blank, not ' '"),
            ({"name": "\ud800"}, "name", "must be a text that is not blank, not '\\ud800'"),
            ({"start": None}, "start", "must be Start.HOLD, Start.NOW or Start.at(...), not None"),
            ({"start": "now"}, "start", "must be Start.HOLD, Start.NOW or Start.at(...), not 'now'"),
            ({"start": Start(StartKind.AT)}, "start", "Start.at() needs a time"),
            (
                {"start": Start.at(NOW)},
                "start",
                "2026-03-01T12:00:00Z is in the past; it is 2026-03-01T12:00:00Z now",
            ),
            (
                {"start": Start.at(datetime(2026, 3, 29, 2, 30), BERLIN)},
                "start",
                "2026-03-29T02:30:00 does not exist in Europe/Berlin: the clocks skip it",
            ),
            ({"start": Start.at(LATER, "Mars")}, "start", MARS),
            (
                {"start": Start.at(LATER)},
                "start",
                "2026-03-20T09:00:00 has neither an offset nor a time zone; name one",
            ),
            ({"start": Start.at(datetime.max.replace(tzinfo=UTC))}, "start", "9999-12-31T23:59:59Z is too far ahead"),
            ({"start": Start.at(LATER), "schedule": Schedule(timezone="Mars")}, "schedule.timezone", MARS),
            ({"hold_until": LATER.replace(tzinfo=UTC)}, "hold_until", "goes only with Start.HOLD"),
            (
                {"start": Start.HOLD, "hold_until": NOW - timedelta(days=1)},
                "hold_until",
                "2026-02-28T12:00:00Z is in the past; it is 2026-03-01T12:00:00Z now",
            ),
            (
                {"schedule": Schedule(start=LATER)},
                "schedule.start",
                "is for campaigns that are read; a draft says it with start=Start.at(...)",
            ),
            ({"max_concurrency": 0}, "max_concurrency", WHOLE + "0"),
            ({"max_concurrency": True}, "max_concurrency", WHOLE + "True"),
            ({"max_concurrency": 2.0}, "max_concurrency", WHOLE + "2.0"),
            ({"retry": RedialPolicy(max_attempts=0)}, "retry.max_attempts", WHOLE + "0"),
            ({"schedule": Schedule(max_calls_per_day=-1)}, "schedule.max_calls_per_day", WHOLE + "-1"),
            ({"idempotency_key": ""}, "idempotency_key", ASCII),
            ({"idempotency_key": " mine"}, "idempotency_key", ASCII),
            ({"from_number_ids": [5]}, "from_number_ids", "must be texts that are not blank, not (5,)"),
            ({"agent_id": 5}, "agent_id", "must be a text that is not blank, not 5"),
            ({"retry": 5}, "retry", "must be a RedialPolicy, not 5"),
            ({"schedule": {"timezone": "UTC"}}, "schedule", "must be a Schedule, not {'timezone': 'UTC'}"),
            ({"part": "1 of 2"}, "part", SPLIT + "'1 of 2'"),
            (
                {"part": Part(number=1, of=2, whole=None)},  # type: ignore[arg-type]  # the wrong type is what is tested
                "part",
                SPLIT + "Part(number=1, of=2, whole=None)",
            ),
        ],
    )
    def test_it_is_named(self, changes: dict[str, Any], field: str, reason: str) -> None:
        assert wrong("truedy", **changes) == {field: reason}

    @pytest.mark.parametrize("kind", ["now", "hold", StartKind.HOLD, StartKind.NOW, "at", "soon", None])
    def test_what_only_resembles_a_start_is_none(self, kind: Any) -> None:
        """TalkifAI begins immediately if no time is sent, so it must never get such a thing."""
        start = Start(kind, moment=LATER.replace(tzinfo=UTC))
        assert [*wrong("talkifai", start=start)] == ["start"]

    def test_a_number_that_a_message_would_show_is_masked(self) -> None:
        ids: Any = [b"+12125550123"]
        assert wrong("truedy", from_number_ids=ids) == {
            "from_number_ids": "must be texts that are not blank, not (b'+12*******23',)"
        }


WINDOW: dict[str, Any] = {"timezone": BERLIN, "window_start": time(9), "window_end": time(17)}


class TestWindows:
    """Where nothing of a window is lost: at Truedy."""

    def wrong(self, **changes: Any) -> dict[str, str]:
        return wrong("truedy", schedule=Schedule(**{**WINDOW, **changes}))

    def test_a_window_that_is_right(self) -> None:
        assert self.wrong(weekdays=(1, 7), max_calls_per_day=1) == {}

    @pytest.mark.parametrize("hour", [8, 9])
    def test_it_ends_after_its_start(self, hour: int) -> None:
        assert self.wrong(window_end=time(hour)) == {
            "schedule.window_end": f"the window ends at 0{hour}:00, and not after its start at 09:00"
        }

    @pytest.mark.parametrize("edge", ["window_start", "window_end"])
    def test_it_needs_both_ends(self, edge: str) -> None:
        assert self.wrong(**{edge: None}) == {"schedule.window_start": "a window needs both its start and its end"}

    @pytest.mark.parametrize("edge", [time(9, 0, 1), time(9, 0, 0, 1)])
    def test_it_begins_with_a_minute(self, edge: time) -> None:
        assert self.wrong(window_start=edge) == {"schedule.window_start": "a window begins and ends with a minute"}

    @pytest.mark.parametrize("edge", ["09:00", 9, time(9, tzinfo=UTC), LATER])
    @pytest.mark.parametrize("name", ["window_start", "window_end"])
    def test_it_is_of_times_of_the_day(self, name: str, edge: Any) -> None:
        assert self.wrong(**{name: edge}) == {
            f"schedule.{name}": f"must be a datetime.time without a zone, not {edge!r}"
        }

    def test_it_needs_a_zone(self) -> None:
        assert self.wrong(timezone=None) == {
            "schedule.timezone": "is missing; a window or weekdays mean nothing without it"
        }

    @pytest.mark.parametrize("weekdays", [(0,), (8,), (True,), (1.0,), ("1",), "123", 5, None, ([1],), iter([1])])
    def test_weekdays_are_1_to_7(self, weekdays: Any) -> None:
        assert [*self.wrong(weekdays=weekdays)] == ["schedule.weekdays"]

    @pytest.mark.parametrize("weekdays", [(5, 1), [5, 1, 5], {1, 5}, range(1, 6, 4)])
    def test_weekdays_in_any_collection(self, weekdays: Any) -> None:
        assert composed("truedy", schedule=Schedule(timezone=BERLIN, weekdays=weekdays)).body["working_days"] == [1, 5]


class TestContacts:
    """What is checked for every vendor."""

    @pytest.mark.parametrize(
        "number",
        ["212-555-0123", "12125550123", "+1 212 555 0123", "+0125550123", "", "+١٢١٢٥٥٥٠١٢٣", "+12125550123\n"],
    )
    def test_a_number_is_in_e164_form(self, number: str) -> None:
        assert [*wrong("truedy", contacts=[ContactDraft(phone_number=number)])] == ["contacts.phone_number"]

    @pytest.mark.parametrize("number", [None, 12125550123, b"+12125550123", ["+12125550123"], {}, HUGE])
    def test_a_number_is_a_text(self, number: Any) -> None:
        assert [*wrong("truedy", contacts=[ContactDraft(phone_number=number)])] == ["contacts.phone_number"]

    def test_many_with_the_same_fault_are_one_finding(self) -> None:
        people = [ContactDraft(phone_number=f"(212) 555-01{index:02}") for index in range(7)]
        (reason,) = wrong("truedy", contacts=people).values()
        assert reason == (
            "not in E.164 form (+ and country code); read_contacts(region=...) brings national numbers into it: "
            "(21*) ***-**00, (21*) ***-**01, (21*) ***-**02, (21*) ***-**03, (21*) ***-**04 and 2 more"
        )

    @pytest.mark.parametrize("field", ["name", "first_name", "last_name", "email", "external_id"])
    @pytest.mark.parametrize("value", ["", " ", 5, b"x", [], "\udfff"])
    def test_what_a_contact_has_is_text(self, field: str, value: Any) -> None:
        people = [ContactDraft(phone_number="+12125550123", **{field: value})]
        assert wrong("truedy", contacts=people) == {
            f"contacts.{field}": "must be a text that is not blank: +12*******23"
        }

    @pytest.mark.parametrize(
        "value",
        [float("nan"), float("inf"), "\ud800", b"x", {1, 2}, LATER, HUGE, [float("nan")], {"deep": "\ud800"}],
        ids=str,
    )
    def test_fields_hold_what_json_can(self, value: Any) -> None:
        people = [ContactDraft(phone_number="+12125550123", fields={"field": value})]
        assert [*wrong("truedy", contacts=people)] == ["contacts.fields"]

    @pytest.mark.parametrize("fields", [{1: "a"}, {None: "a"}, {"deep": {1: "a"}}, {"deep": [{True: 1}]}], ids=str)
    def test_keys_are_texts_however_deep(self, fields: Any) -> None:
        """JSON would make texts of some others, and two could become the same."""
        people = [ContactDraft(phone_number="+12125550123", fields=fields)]
        assert wrong("truedy", contacts=people) == {
            "contacts.fields": "the keys of mappings must be texts: +12*******23"
        }

    def test_a_mapping_that_holds_itself(self) -> None:
        cyclic: dict[str, Any] = {}
        cyclic["self"] = cyclic
        assert [*wrong("truedy", contacts=[ContactDraft(phone_number="+12125550123", fields=cyclic)])] == [
            "contacts.fields"
        ]

    @pytest.mark.parametrize("field", ["name", "first_name", "last_name", "email", "external_id", "fields"])
    def test_what_is_used_has_a_finding_that_counts(self, field: str) -> None:
        value: Any = {"plan": "gold"} if field == "fields" else "Ada"
        people = [ContactDraft(phone_number=f"+1212555012{index}", **{field: value}) for index in range(3)]
        assert findings("truedy", contacts=people)[f"contacts.{field}"].reason.endswith("3 contacts")


class TestMetadata:
    @pytest.mark.parametrize("metadata", [{"a": float("nan")}, {1: "a"}, {"a": object()}, {"a": "\ud800"}])
    def test_it_holds_what_json_can(self, metadata: Any) -> None:
        assert [*wrong("techladder", metadata=metadata)] == ["metadata"]

    def test_it_is_not_nested_without_end(self) -> None:
        value: list[Any] = []
        for _ in range(50_000):
            value = [value]
        assert [*wrong("techladder", metadata={"deep": value})] == ["metadata"]


class TestAllAtOnce:
    def test_every_mistake_is_named(self) -> None:
        refused = draft(
            "techladder",
            name="",
            contacts=[ContactDraft(phone_number="212"), ContactDraft(phone_number="+12125550123", email=5)],  # type: ignore[arg-type]  # on purpose
            start=Start.at(NOW),
            agent_id=None,
            max_concurrency=21,
            schedule=Schedule(timezone="Mars"),
            vendor={"techladder": {"colour": "red"}},
        )
        with pytest.raises(DraftRefused) as caught:
            compose(provider("techladder"), refused, NOW).require("create_campaign")
        assert {finding.field for finding in caught.value.findings} == {
            "name",
            "contacts.phone_number",
            "contacts.email",
            "start",
            "agent_id",
            "max_concurrency",
            "schedule.timezone",
            "vendor.techladder.colour",
            "vendor.techladder.version_id",
        }
        assert (caught.value.provider, caught.value.feature) == ("techladder", "create_campaign")
        assert "nothing was sent" in str(caught.value)

    def test_several_faults_of_one_field_are_one_finding(self) -> None:
        office = Schedule(timezone=BERLIN, window_start=time(9, 0, 1), window_end=None)
        assert wrong("truedy", schedule=office)["schedule.window_start"] == (
            "a window begins and ends with a minute; a window needs both its start and its end"
        )


class TestLimits:
    def test_more_contacts_than_a_batch_takes(self) -> None:
        for vendor in ("techladder", "talkifai"):
            (reason,) = wrong(vendor, contacts=contacts(vendor, 10_001)).values()
            assert reason.startswith("10,001 contacts are more than ")
            assert "10,000; split the draft" in reason

    def test_as_many_contacts_as_a_batch_takes(self) -> None:
        assert wrong("talkifai", contacts=contacts("talkifai", 10_000)) == {}

    @pytest.mark.parametrize(("vendor", "most"), [("truedy", 255), ("talkifai", 200)])
    def test_a_name_too_long(self, vendor: str, most: int) -> None:
        assert wrong(vendor, name="ü" * most) == {}
        assert [*wrong(vendor, name="ü" * (most + 1))] == ["max_name_length"]

    def test_a_description_too_long(self) -> None:
        assert [*wrong("talkifai", description="x" * 1001)] == ["max_description_length"]

    @pytest.mark.parametrize(("vendor", "most"), [("techladder", 20), ("talkifai", 50)])
    def test_too_many_calls_at_the_same_time(self, vendor: str, most: int) -> None:
        assert wrong(vendor, max_concurrency=most) == {}
        assert [*wrong(vendor, max_concurrency=most + 1)] == ["max_concurrency"]

    def test_too_many_attempts(self) -> None:
        assert wrong("talkifai", retry=RedialPolicy(max_attempts=10)) == {}
        assert [*wrong("talkifai", retry=RedialPolicy(max_attempts=11))] == ["max_attempts"]


LOSSY: dict[str, Any] = {"description": "x", "metadata": {"a": 1}}


class TestAcceptingLoss:
    def preflight(self, **changes: Any) -> Preflight:
        return composed("truedy", **{**LOSSY, **changes}).preflight

    @pytest.mark.parametrize(
        ("accepted", "left"),
        [
            ([], ["description", "metadata"]),
            (["description"], ["metadata"]),
            (["description", "metadata"], []),
            (["metadata", "agent_id"], ["description"]),
            (["desc"], ["description", "metadata"]),
        ],
    )
    def test_exactly_the_named_fields_are_accepted(self, accepted: list[str], left: list[str]) -> None:
        obstacles = self.preflight().obstacles
        for collection in (accepted, tuple(accepted), set(accepted), iter(accepted)):
            assert [finding.field for finding in obstacles(collection)] == left  # type: ignore[arg-type]  # an iterator

    def test_what_is_wrong_cannot_be_accepted(self) -> None:
        obstacles = self.preflight(max_concurrency=0).obstacles(["description", "metadata", "max_concurrency"])
        assert [finding.field for finding in obstacles] == ["max_concurrency"]

    @pytest.mark.parametrize("accept", ["description", ""])
    def test_one_text_is_no_list(self, accept: str) -> None:
        with pytest.raises(InvalidInput, match=r"accept_loss must be a list of fields; write accept_loss=\["):
            composed("truedy", **LOSSY).require("create_campaign", accept)

    @pytest.mark.parametrize("accept", [None, 5, [5], [None]])
    def test_what_is_no_list_of_texts(self, accept: Any) -> None:
        with pytest.raises(InvalidInput, match="accept_loss must be a list of fields, which are texts, not "):
            composed("truedy", **LOSSY).require("create_campaign", accept)

    def test_a_name_that_no_draft_has_is_refused(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            composed("truedy", **LOSSY).require("create_campaign", ["descriptoin", "metadata", "contact.email"])
        assert str(caught.value) == (
            "accept_loss names contact.email, descriptoin, which no draft has; "
            "what can be lost here is description, metadata"
        )

    def test_a_field_that_is_not_lost_here_may_be_named(self) -> None:
        """One list serves several vendors."""
        accept = ["description", "metadata", "agent_id", "schedule.weekdays", "contacts.email", "vendor.truedy.x"]
        composed("truedy", **LOSSY).require("create_campaign", accept)


class TestDefaults:
    def test_they_fill_gaps(self) -> None:
        made = compose(provider("truedy", agent_id="agt_d"), draft("truedy", agent_id=None), NOW)
        assert made.body["agent_id"] == "agt_d"

    def test_the_draft_wins(self) -> None:
        made = compose(provider("truedy", agent_id="agt_d"), draft("truedy", agent_id="agt_1"), NOW)
        assert made.body["agent_id"] == "agt_1"

    def test_lists_fill_gaps_too(self) -> None:
        filled = provider("talkifai", from_number_ids=["pn_d"])
        assert compose(filled, draft("talkifai", from_number_ids=[]), NOW).body["fromPhoneNumberId"] == "pn_d"
        assert compose(filled, draft("talkifai"), NOW).body["fromPhoneNumberId"] == "pn_1"

    def test_the_vendor_mapping_goes_before_them(self) -> None:
        with_defaults = provider("techladder", version_id="pmt-d", voice="alloy")
        made = compose(with_defaults, draft("techladder"), NOW)
        assert (made.body["version_name"], made.body["voice"]) == ("pmt-1", "alloy")

    def test_options_of_another_vendor_are_not_used(self, vendor: str) -> None:
        own = NEEDED[vendor].get("vendor", {})
        others: Any = {other: {"no_such_thing": object()} for other in VENDORS if other != vendor}
        made = composed(vendor, vendor={**own, **others, "acme": 5})
        assert made.preflight.obstacles() == []
        assert {**made.body, "description": ""} == {**composed(vendor).body, "description": ""}

    def test_an_option_that_the_vendor_does_not_have(self, vendor: str) -> None:
        own = NEEDED[vendor].get("vendor", {}).get(vendor, {})
        assert [*wrong(vendor, vendor={vendor: {**own, "colour": "red"}})] == [f"vendor.{vendor}.colour"]

    @pytest.mark.parametrize("value", ["", 5, None, "\ud800", b"x", ["x"]])
    def test_an_option_of_the_wrong_kind(self, value: Any) -> None:
        options = {"techladder": {"version_id": "pmt-1", "voice": value}}
        assert [*wrong("techladder", vendor=options)] == ["vendor.techladder.voice"]

    def test_options_are_a_mapping(self, vendor: str) -> None:
        options: Any = {vendor: "red"}
        assert wrong(vendor, vendor=options)[f"vendor.{vendor}"] == "must be a mapping, not str"


class TestKeys:
    def key(self, vendor: str = "truedy", *, defaults: Mapping[str, Any] | None = None, **changes: Any) -> str:
        made = compose(provider(vendor, **(defaults or {})), draft(vendor, **changes), NOW)
        return made.key_of({**made.body, "contacts": made.contacts})

    def test_every_change_makes_another(self) -> None:
        people = contacts("truedy")
        others = [self.key(name="X"), self.key(contacts=people[:2]), self.key(contacts=people[::-1])]
        option = self.key(defaults={"phone_rotation_strategy": "random"})
        assert len({self.key(), *others, self.key(start=Start.HOLD), option}) == 6


class TestAddingContacts:
    def test_everybody_comes_by_number(self) -> None:
        bodies, repeated, result = compose_contacts(provider("truedy"), contacts("truedy"))
        assert [*bodies] == [body["phone_number"] for body in bodies.values()]
        assert (repeated, result.obstacles()) == ([], [])

    def test_repetitions_are_returned(self) -> None:
        people = contacts("truedy")
        _, repeated, _ = compose_contacts(provider("truedy"), [*people, people[1]])
        assert repeated == [people[1]]

    def test_what_is_lost_only_here(self) -> None:
        people = [ContactDraft(phone_number="+12125550123", external_id="7", fields={"plan": "gold"})]
        _, _, result = compose_contacts(provider("truedy"), people)
        assert [finding.field for finding in result.obstacles()] == ["contacts.external_id", "contacts.fields"]

    @pytest.mark.parametrize("number", [None, ["x"], 5, "212"])
    def test_a_number_that_is_none(self, number: Any) -> None:
        bodies, _, result = compose_contacts(provider("truedy"), [ContactDraft(phone_number=number)])
        assert bodies == {}
        assert [finding.field for finding in result.obstacles()] == ["contacts.phone_number"]

    def test_nobody_to_add(self) -> None:
        _, _, result = compose_contacts(provider("truedy"), [])
        assert [finding.field for finding in result.obstacles()] == ["contacts"]

    @pytest.mark.parametrize("people", [None, 5, ["+12125550123"], [{}]])
    def test_what_is_no_contact(self, people: Any) -> None:
        with pytest.raises(InvalidInput, match="contacts must hold ContactDraft objects"):
            compose_contacts(provider("truedy"), people)


class TestWithoutANetwork:
    def test_a_provider_is_found_by_name(self, vendor: str) -> None:
        found = preflight(draft(vendor), vendor)
        assert found.provider == vendor
        assert pickle.loads(pickle.dumps(found)) == found

    @pytest.mark.parametrize("thing", [None, 5, {}, [], "draft"])
    def test_what_is_no_draft(self, thing: Any) -> None:
        with pytest.raises(InvalidInput, match=r"^expected a CampaignDraft, got "):
            preflight(thing, "truedy")


class Forgetful(Truedy):
    """A provider that has not heard of three fields."""

    draft_fields: ClassVar[Mapping[str, How]] = {
        name: how
        for name, how in Truedy.draft_fields.items()
        if name not in {"max_concurrency", "contacts.email", "start"}
    }


def test_a_field_without_an_entry_is_unsupported_and_not_sent() -> None:
    person = ContactDraft(phone_number="+12125550123", email="ada@example.com")
    made = compose(Forgetful({}), draft("truedy", contacts=[person], max_concurrency=5), NOW)
    obstacles = made.preflight.obstacles()
    assert {finding.field: finding.fit for finding in obstacles} == dict.fromkeys(
        ["contacts.email", "start", "max_concurrency"], Fit.UNSUPPORTED
    )
    assert [finding.field for finding in obstacles if not finding.acceptable] == ["start"]
    assert 5 not in made.body.values()


# Anything at all ------------------------------------------------------------------------------------------------------

CYCLIC: dict[str, Any] = {}
CYCLIC["self"] = CYCLIC


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 60),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.sampled_from(CallStatus),
    st.sampled_from(["\ud800", CYCLIC, object(), {1, 2}, {1: 2}, {"a": {1: 2}}, "+12125550123", BERLIN, CampaignDraft]),
    st.sampled_from([datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=ZoneInfo(BERLIN)), date.max]),
    st.builds(lambda: 10**5000),
    st.builds(lambda: iter([1])),
)
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.sampled_from([*VENDORS, "version_id", "voice", "name"]))
JUNK = st.recursive(
    ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
)
TABLES = st.dictionaries(KEYS, JUNK, max_size=2)
PEOPLE: Any = st.builds(
    ContactDraft,
    phone_number=st.just("+12125550123") | JUNK,
    **{name: st.none() | JUNK for name in ("name", "first_name", "last_name", "email", "external_id")},
    fields=st.just({}) | TABLES,
)
ANY_START: Any = (
    st.sampled_from([Start.HOLD, Start.NOW]) | st.builds(Start, st.sampled_from(StartKind) | JUNK, JUNK, JUNK) | JUNK
)
SCHEDULES: Any = JUNK | st.builds(
    Schedule,
    **{name: st.none() | JUNK for name in ("start", "timezone", "window_start", "window_end", "max_calls_per_day")},
    weekdays=st.just(()) | JUNK,
)
ANY_DRAFT: Any = st.builds(
    CampaignDraft,
    name=st.just("Spring") | JUNK,
    contacts=st.lists(PEOPLE, max_size=2),
    start=ANY_START,
    schedule=st.none() | SCHEDULES,
    retry=st.none() | JUNK | st.builds(RedialPolicy, max_attempts=JUNK, retry_on=JUNK),
    part=st.none() | JUNK | st.builds(Part, number=JUNK, of=JUNK, whole=JUNK),
    from_number_ids=st.lists(JUNK, max_size=2),
    metadata=st.just({}) | TABLES,
    vendor=st.just({}) | TABLES,
    **{
        name: st.none() | JUNK
        for name in ("hold_until", "agent_id", "description", "max_concurrency", "idempotency_key")
    },
)


@pytest.mark.parametrize("vendor", VENDORS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(made=ANY_DRAFT)
def test_whatever_a_draft_holds_there_are_findings_and_no_traceback(vendor: str, made: CampaignDraft) -> None:
    composition = compose(provider(vendor), made, NOW)
    found = [finding.field for finding in composition.preflight.findings]
    assert len(set(found)) == len(found)
    if not composition.preflight.obstacles():
        assert "start" in found
        provider(vendor).creation(composition)


class TestJudgedTwice:
    """A draft is judged by preflight, and again when it is created; its contacts are looked at once."""

    def looks(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        seen: list[str] = []
        body = Truedy.contact_body

        def noting(self: Truedy, contact: ContactDraft) -> Mapping[str, Any]:
            seen.append(contact.phone_number)
            return body(self, contact)

        monkeypatch.setattr(Truedy, "contact_body", noting)
        return seen

    @pytest.mark.parametrize("changes", [{}, {"idempotency_key": "spring"}, {"contacts": 2 * contacts("truedy")}])
    def test_the_second_time_says_and_sends_the_same(
        self, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
    ) -> None:
        seen = self.looks(monkeypatch)
        given = draft("truedy", **changes)
        first = compose(provider("truedy"), given, NOW)
        once = len(seen)

        assert compose(provider("truedy"), given, NOW) == first
        assert len(seen) == once > 0
        assert compose(provider("truedy"), draft("truedy", **changes), NOW) == first

    def test_each_vendor_judges_for_itself(self, vendor: str) -> None:
        given = draft(vendor)
        compose(provider("truedy", agent_id="agt_2"), given, NOW)

        assert compose(provider(vendor), given, NOW) == composed(vendor)

    def test_custom_data_that_was_changed_is_judged_again(self) -> None:
        tags: list[Any] = ["new"]
        given = draft("truedy", contacts=[ContactDraft(phone_number="+12125550123", fields={"tags": tags})])
        before = compose(provider("truedy"), given, NOW)
        tags.append("vip")
        after = compose(provider("truedy"), given, NOW)

        assert "vip" in str(after.contacts)
        assert after.mark != before.mark

    def test_a_copy_is_the_same_draft(self) -> None:
        given = draft("truedy")
        composed_before = compose(provider("truedy"), given, NOW)
        copied = pickle.loads(pickle.dumps(given))

        assert copied == given
        assert compose(provider("truedy"), copied, NOW) == composed_before
