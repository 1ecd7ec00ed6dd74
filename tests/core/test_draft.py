"""Drafts: what they hold, by what key they are recognised, and how they are divided."""
# ruff: noqa: DTZ001 - moments without a zone are among what is tested

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start, StartKind, digest, once_each
from unibatch.core.errors import InvalidInput
from unibatch.core.model import RedialPolicy, Schedule
from unibatch.core.status import CallStatus

NINE = datetime(2026, 3, 20, 9)


def number(index: int) -> str:
    return f"+1212555{index:04}"


def people(*indexes: int) -> list[ContactDraft]:
    return [ContactDraft(phone_number=number(index), name=f"Person {index}") for index in indexes]


def draft(**changes: Any) -> CampaignDraft:
    return CampaignDraft(**{"name": "Spring", "contacts": people(1, 2, 3), "start": Start.HOLD, **changes})


class TestStart:
    @pytest.mark.parametrize(
        ("text", "start"),
        [
            ("hold", Start.HOLD),
            (" NOW ", Start.NOW),
            ("2026-03-20T09:00[Europe/Berlin]", Start.at(NINE, "Europe/Berlin")),
            ("2026-03-20T09:00Z", Start.at(NINE.replace(tzinfo=UTC))),
        ],
    )
    def test_it_is_read_from_text(self, text: str, start: Start) -> None:
        assert Start.parse(text) == start

    @pytest.mark.parametrize("text", ["", "later", "tomorrow 9:00", "at", "2026-03-20", None, 5])
    def test_what_is_none(self, text: Any) -> None:
        with pytest.raises(InvalidInput, match=r"^start: neither hold nor now, and "):
            Start.parse(text)

    @pytest.mark.parametrize("start", [Start.HOLD, Start.NOW])
    def test_without_a_time_there_is_no_moment(self, start: Start) -> None:
        assert start.instant("Europe/Berlin") is None

    def test_its_own_zone_goes_before_that_of_the_schedule(self) -> None:
        assert Start.at(NINE, "Europe/Berlin").instant("America/New_York") == datetime(2026, 3, 20, 8, tzinfo=UTC)

    def test_without_one_the_schedules_zone_is_meant(self) -> None:
        assert Start.at(NINE).instant("America/New_York") == datetime(2026, 3, 20, 13, tzinfo=UTC)

    def test_an_offset_needs_no_zone(self) -> None:
        assert Start.at(NINE.replace(tzinfo=UTC)).instant("America/New_York") == NINE.replace(tzinfo=UTC)

    def test_a_start_at_some_time_needs_the_time(self) -> None:
        with pytest.raises(InvalidInput, match=r"^Start\.at\(\) needs a time$"):
            Start(StartKind.AT).instant("UTC")


class TestContacts:
    def test_the_number_is_masked_and_the_rest_is_not_shown(self) -> None:
        contact = ContactDraft(phone_number="+12125550123", name="Ada", email="ada@example.org", fields={"debt": 5})
        assert repr(contact) == "ContactDraft(phone_number='+12*******23')"

    @pytest.mark.parametrize(
        ("names", "full_name"),
        [
            ({"name": "Ada L."}, "Ada L."),
            ({"name": "Ada L.", "first_name": "Ada"}, "Ada L."),
            ({"first_name": "Ada", "last_name": "Lovelace"}, "Ada Lovelace"),
            ({"last_name": "Lovelace"}, "Lovelace"),
            ({}, None),
        ],
    )
    def test_the_full_name(self, names: dict[str, Any], full_name: str | None) -> None:
        assert ContactDraft(phone_number=number(1), **names).full_name == full_name

    def test_fields_are_a_copy_that_cannot_be_changed(self) -> None:
        given_fields = {"plan": "gold"}
        contact = ContactDraft(phone_number=number(1), fields=given_fields)
        given_fields.clear()
        assert contact.fields == {"plan": "gold"}
        with pytest.raises(TypeError):
            contact.fields["plan"] = "none"  # type: ignore[index]  # that it is refused is what is tested

    @pytest.mark.parametrize("fields", [None, 5, "plan", [("plan", "gold")]])
    def test_fields_are_a_mapping(self, fields: Any) -> None:
        with pytest.raises(InvalidInput, match=r"^expected a mapping, got "):
            ContactDraft(phone_number=number(1), fields=fields)


class TestHolding:
    def test_a_generator_of_contacts_is_read_once(self) -> None:
        def generated() -> Iterator[ContactDraft]:
            yield from people(1, 2)

        made = draft(contacts=generated())
        assert made.contacts == tuple(people(1, 2))
        assert made.contacts == tuple(people(1, 2))

    def test_the_repr_only_counts_contacts(self) -> None:
        assert "contacts=<3>" in repr(draft())

    @pytest.mark.parametrize("contacts", [None, 5, "+12125550123", b"x", [None], [{"phone_number": "x"}], people])
    def test_contacts_are_contact_drafts(self, contacts: Any) -> None:
        with pytest.raises(InvalidInput, match=r"^contacts must hold ContactDraft objects"):
            draft(contacts=contacts)

    @pytest.mark.parametrize("ids", [None, 5, "pn_1", b"pn_1"])
    def test_several_numbers_are_a_list(self, ids: Any) -> None:
        with pytest.raises(InvalidInput, match=r"^expected several texts in a list, got "):
            draft(from_number_ids=ids)

    @pytest.mark.parametrize("field", ["metadata", "vendor"])
    @pytest.mark.parametrize("value", [None, 5, "x", []])
    def test_data_is_a_mapping(self, field: str, value: Any) -> None:
        with pytest.raises(InvalidInput, match=r"^expected a mapping, got "):
            draft(**{field: value})

    def test_a_start_has_to_be_given(self) -> None:
        with pytest.raises(TypeError, match="start"):
            CampaignDraft(name="Spring", contacts=[])  # type: ignore[call-arg]  # that it is refused is what is tested

    def test_a_draft_can_be_hashed(self) -> None:
        assert len({draft(), draft(), draft(name="Summer")}) == 2

    @pytest.mark.parametrize("turn", [1, -1])
    def test_of_those_with_one_number_the_one_that_says_most_is_kept_in_any_order(self, turn: int) -> None:
        first, second = people(1, 2)
        little, most = attrs.evolve(first, name=None), attrs.evolve(first, name="Another", email="a@example.org")
        once, repeated = draft(contacts=[first, second, most, little][::turn]).without_repetitions()
        assert set(once.contacts) == {most, second}
        assert set(repeated) == {first, little}

    def test_without_repetitions_the_draft_is_the_same_object(self) -> None:
        made = draft()
        assert made.without_repetitions() == (made, [])
        assert made.without_repetitions()[0] is made

    @pytest.mark.parametrize("value", [None, 5, ["+12125550123"]])
    def test_what_is_no_number_repeats_none(self, value: Any) -> None:
        wrong = [ContactDraft(phone_number=value), ContactDraft(phone_number=value)]
        assert once_each(wrong) == (tuple(wrong), [])


FULL: dict[str, Any] = {
    "start": Start.at(NINE, "Europe/Berlin"),
    "agent_id": "agt_1",
    "from_number_ids": ["pn_1"],
    "description": "All of it",
    "schedule": Schedule(timezone="Europe/Berlin", window_start=time(9), window_end=time(17), weekdays=(1, 2)),
    "max_concurrency": 5,
    "retry": RedialPolicy(max_attempts=2, retry_on=frozenset({CallStatus.BUSY, CallStatus.NO_ANSWER})),
    "metadata": {"source": "crm", "deep": {"b": [1, 2.5, None, True], "a": "ü"}},
    "vendor": {"techladder": {"version_id": "pmt-1"}},
}

CHANGES: dict[str, Any] = {
    "name": "Summer",
    "start": Start.at(NINE, "Europe/Paris"),
    "hold_until": NINE,
    "agent_id": "agt_2",
    "from_number_ids": ["pn_2"],
    "description": "Another",
    "schedule": Schedule(timezone="Europe/Berlin", window_start=time(9), window_end=time(18), weekdays=(1, 2)),
    "max_concurrency": 6,
    "retry": RedialPolicy(max_attempts=2, retry_on=frozenset({CallStatus.BUSY})),
    "metadata": {"source": "crm", "deep": {"b": [1, 2.5, None, False], "a": "ü"}},
    "vendor": {"techladder": {"version_id": "pmt-2"}},
    "contacts": people(1, 2, 4),
    "part": Part(number=1, of=2, whole="x"),
}

IN_ANOTHER_PROCESS = """
from tests.core.test_draft import FULL, draft
from unibatch.core.status import CallStatus
from unibatch.core.model import RedialPolicy
loose = draft(retry=RedialPolicy(retry_on={CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.TIMEOUT}))
print(draft(**FULL).key, loose.key)
"""


class TestKey:
    @pytest.mark.parametrize(
        ("made", "key"),
        [(draft(), "45d9cb814bfa9718e123f878"), (draft(**FULL), "3026f733a59f211eb7805d74")],
        ids=["little", "everything"],
    )
    def test_it_is_the_same_for_ever(self, made: CampaignDraft, key: str) -> None:
        """A rerun after an upgrade must find the campaign that an older version of this library placed."""
        assert made.key == key

    def test_it_is_the_same_in_every_process(self) -> None:
        def printed(seed: int) -> str:
            return subprocess.run(
                [sys.executable, "-c", IN_ANOTHER_PROCESS],
                env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)},
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        one, other = printed(0), printed(1)
        assert one == other
        assert one.split()[0] == draft(**FULL).key

    def test_the_order_of_the_contacts_makes_no_difference(self) -> None:
        assert draft(contacts=people(3, 1, 2)).key == draft().key

    def test_a_repeated_number_makes_no_difference(self) -> None:
        assert draft(contacts=[*people(1, 2, 3), ContactDraft(phone_number=number(2))]).key == draft().key

    def test_the_order_of_those_with_the_same_number_makes_no_difference(self) -> None:
        one, other = ContactDraft(phone_number=number(1), name="A"), ContactDraft(phone_number=number(1), name="B")
        assert draft(contacts=[one, other]).key == draft(contacts=[other, one]).key != draft(contacts=[one]).key

    def test_the_class_of_a_text_makes_no_difference(self) -> None:
        class Text(str):
            __slots__ = ()

        about = {"phone_number": number(1), "email": "a@example.com", "name": "Zoë"}
        plain = ContactDraft(**about, fields={"plan": "gold", "age": 5, "a": None})
        fields = {Text("plan"): Text("gold"), "age": 5, "a": None}
        other = ContactDraft(**{name: Text(value) for name, value in about.items()}, fields=fields)
        assert draft(contacts=[other]).key == draft(contacts=[plain]).key

    def test_one_that_is_as_long_as_may_be_can_be_split(self) -> None:
        keys = [part.key for part in draft(idempotency_key="k" * 200).split(1)]
        assert len(set(keys)) == 3
        assert max(map(len, keys)) <= 200

    def test_the_order_of_keys_makes_no_difference(self) -> None:
        assert draft(metadata={"a": 1, "b": 2}).key == draft(metadata={"b": 2, "a": 1}).key

    def test_every_attribute_but_the_key_is_tried_below(self) -> None:
        assert {field.alias for field in attrs.fields(CampaignDraft)} - {*CHANGES} == {"idempotency_key"}

    @pytest.mark.parametrize("field", CHANGES)
    def test_anything_else_makes_a_difference(self, field: str) -> None:
        assert draft(**{**FULL, field: CHANGES[field]}).key != draft(**FULL).key

    @pytest.mark.parametrize(
        "change",
        [
            *({name: "X"} for name in ("name", "first_name", "last_name", "email", "external_id")),
            {"fields": {"a": 1}},
            {"phone_number": number(9)},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_so_does_anything_about_a_contact(self, change: dict[str, Any]) -> None:
        first, *others = people(1, 2, 3)
        assert draft(contacts=[attrs.evolve(first, **change), *others]).key != draft().key

    def test_the_users_own_key_goes_before(self) -> None:
        assert draft(idempotency_key="mine").key == "mine"

    def test_what_json_cannot_hold_gives_none(self) -> None:
        cyclic: dict[str, Any] = {}
        cyclic["self"] = cyclic
        for metadata in (cyclic, {1: "a", "b": 2}):
            with pytest.raises(InvalidInput, match="nothing that JSON cannot hold"):
                _ = draft(metadata=metadata).key


def _with_another_order(indexes: list[int]) -> st.SearchStrategy[tuple[list[int], list[int]]]:
    return st.permutations(indexes).map(lambda turned: (indexes, list(turned)))


class TestSplitting:
    @given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 50))
    def test_every_number_is_in_one_part(self, indexes: list[int], most: int) -> None:
        parts = draft(contacts=people(*indexes)).split(most)
        called = [contact.phone_number for part in parts for contact in part.without_repetitions()[0].contacts]
        assert sorted(called) == sorted(set(map(number, indexes)))
        assert all(len(part.without_repetitions()[0].contacts) <= most for part in parts)

    @given(st.lists(st.integers(0, 40), min_size=2, max_size=40, unique=True).flatmap(_with_another_order))
    def test_the_order_of_the_contacts_makes_no_difference_to_who_is_in_which_part(
        self, orders: tuple[list[int], list[int]]
    ) -> None:
        one, other = (draft(contacts=people(*indexes)).split(7) for indexes in orders)
        assert [part.key for part in one] == [part.key for part in other]
        assert [set(part.contacts) for part in one] == [set(part.contacts) for part in other]

    def test_within_a_part_the_contacts_keep_their_order(self) -> None:
        first, second = draft(contacts=people(4, 2, 1, 3)).split(2)
        assert [list(first.contacts), list(second.contacts)] == [people(2, 1), people(4, 3)]

    def test_the_parts_are_named_and_linked(self) -> None:
        whole = draft()
        first, second = whole.split(2)
        assert [first.name, second.name] == ["Spring (1 of 2)", "Spring (2 of 2)"]
        assert (first.part, second.part) == (
            Part(number=1, of=2, whole=whole.key),
            Part(number=2, of=2, whole=whole.key),
        )

    def test_the_parts_have_keys_of_their_own(self) -> None:
        whole = draft()
        keys = [f"{whole.key}-{index}-of-3-{digest([number(index)])[:8]}" for index in (1, 2, 3)]
        assert [part.key for part in whole.split(1)] == keys

    def test_a_part_with_other_people_has_another_key(self) -> None:
        nine = draft(contacts=people(*range(9)))
        threes, fours = ({part.key for part in nine.split(most)} for most in (3, 4))
        assert (len(threes), threes & fours) == (3, set())

    def test_the_parts_keep_the_rest(self) -> None:
        own = {"name", "contacts", "idempotency_key", "part"}
        whole = draft(**FULL)
        for part in whole.split(2):
            for field in {each.alias or each.name for each in attrs.fields(CampaignDraft)} - own:
                assert getattr(part, field) == getattr(whole, field)

    @pytest.mark.parametrize("most", [3, 4, 10_000, None])
    def test_what_is_small_enough_stays_as_it_is(self, most: int | None) -> None:
        whole = draft()
        assert whole.split(most) == (whole,)
        assert whole.split(most)[0] is whole

    @pytest.mark.parametrize("most", [0, -1, True, 2.5, "2"])
    def test_a_part_holds_somebody(self, most: Any) -> None:
        with pytest.raises(InvalidInput, match="a part must hold at least 1 contact, not "):
            draft().split(most)
