"""A campaign that was read becomes a draft again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

import pytest

import unibatch
from unibatch import (
    CallStatus,
    Campaign,
    CampaignDraft,
    CampaignStatus,
    Contact,
    ContactDraft,
    InvalidInput,
    RedialPolicy,
    Schedule,
    Start,
    draft_losses,
)
from unibatch.sandbox import Sandbox
from unibatch.workflows.migrate.convert import changed

PERSON: Mapping[str, Any] = {
    "phone_number": "+12125550123",
    "name": "Dr Ann Lee",
    "first_name": "Ann",
    "last_name": "Lee",
    "email": "ann@example.com",
    "external_id": "10001",
}
LATER = datetime(2099, 3, 20, 9, tzinfo=UTC)


def campaign(**about: Any) -> Campaign:
    return Campaign(**{"id": "b1", "provider": "truedy", "status": CampaignStatus.PAUSED, **about})


class TestContacts:
    @pytest.mark.parametrize(
        ("vendor", "missing"),
        [
            ("truedy", ("name", "last_name", "email", "external_id", "fields")),  # its schema has only the first name
            ("techladder", ()),
            ("talkifai", ()),
        ],
    )
    def test_come_back_as_they_were_sent(
        self, unibatch_sandbox: Sandbox, vendor: str, missing: tuple[str, ...]
    ) -> None:
        """Also what a vendor has no key for, and what unibatch put beside it to recognise the campaign."""
        sent = ContactDraft(**PERSON, fields={"Plan": "gold"})
        draft = CampaignDraft(name="Spring", contacts=[sent], start=Start.at(LATER), idempotency_key="spring")
        with unibatch.connect(**unibatch_sandbox.profile(vendor)) as client:
            placed = client.create_campaign(draft)
            (contact,) = client.list_contacts(placed.id)
        back = ContactDraft.from_contact(contact)

        differing = {name for name in (*PERSON, "fields") if getattr(back, name) != getattr(sent, name)}
        assert differing == {*missing}

    def test_custom_data_that_only_looks_like_a_mark_stays(self) -> None:
        fields = {"unibatch_draft": "spring", "plan": "gold"}
        contact = Contact(
            id="1",
            provider="techladder",
            campaign_id="b",
            phone_number="+12125550123",
            phone_valid=True,
            status=CallStatus.PENDING,
            is_final=False,
            fields=fields,
        )
        assert ContactDraft.from_contact(contact).fields == fields


class TestCampaigns:
    def test_keep_what_another_vendor_can_use(self) -> None:
        window = Schedule(
            start=LATER, timezone="Europe/Berlin", window_start=time(9), window_end=time(17), weekdays=(1, 2)
        )
        found = campaign(
            name="Spring",
            description="Renewals",
            agent_id="agt_1",
            from_numbers=("pn_1",),
            schedule=window,
            max_concurrency=5,
            retry=RedialPolicy(max_attempts=3, retry_on={"busy", "unknown"}),
        )
        people = [ContactDraft(**PERSON)]

        assert CampaignDraft.from_campaign(found, people, start=Start.HOLD) == CampaignDraft(
            name="Spring",
            contacts=people,
            start=Start.HOLD,
            description="Renewals",
            schedule=Schedule(timezone="Europe/Berlin", window_start=time(9), window_end=time(17), weekdays=(1, 2)),
            max_concurrency=5,
            retry=RedialPolicy(max_attempts=3, retry_on={"busy"}),
        )

    def test_without_a_name_are_named_after_their_vendor_and_id(self) -> None:
        bare = campaign(provider="techladder", id="sched_1", schedule=Schedule(start=LATER))
        draft = CampaignDraft.from_campaign(bare, (), start=Start.NOW)
        assert (draft.name, draft.schedule, draft.retry) == ("techladder sched_1", None, None)


class TestLosses:
    @pytest.mark.parametrize(
        ("vendor", "fields"),
        [
            ("truedy", ["agent_id", "from_number_ids", "description", "contacts.external_id", "contacts"]),
            (
                "techladder",
                [
                    *("agent_id", "from_number_ids", "name", "description"),
                    *("contacts.first_name", "contacts.last_name", "contacts.email"),
                ],
            ),
            ("talkifai", ["agent_id", "from_number_ids", "contacts"]),
        ],
    )
    def test_are_all_that_the_vendor_does_not_return(
        self, unibatch_sandbox: Sandbox, vendor: str, fields: list[str]
    ) -> None:
        with unibatch.connect(**unibatch_sandbox.profile(vendor)) as client:
            found = client.get_campaign(unibatch_sandbox.campaign_ids(vendor)[0])
            losses = draft_losses(found, client.list_contacts(found.id))
        assert [finding.field for finding in losses] == fields
        assert all(finding.reason for finding in losses)


class TestChanges:
    DRAFT = CampaignDraft(
        name="Spring",
        contacts=(),
        start=Start.HOLD,
        description="Renewals",
        schedule=Schedule(timezone="Europe/Berlin", weekdays=(1,)),
        vendor={"techladder": {"voice": "ada"}},
    )

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"name": "Spring 2", "agent_id": "agt_9"}, {"name": "Spring 2", "agent_id": "agt_9"}),
            ({"description": None, "from_number_ids": ["pn_1"]}, {"description": None, "from_number_ids": ("pn_1",)}),
            ({"schedule.weekdays": None}, {"schedule": Schedule(timezone="Europe/Berlin")}),
            ({"schedule.weekdays": None, "schedule.timezone": None}, {"schedule": None}),
            ({"retry.retry_on": ["busy"]}, {"retry": RedialPolicy(retry_on={"busy"})}),
            (
                {"vendor.version_id": "pmt-1", "vendor.voice": None},
                {"vendor": {"techladder": {"version_id": "pmt-1"}}},
            ),
        ],
    )
    def test_set_one_field_each(self, changes: dict[str, Any], expected: dict[str, Any]) -> None:
        draft = changed(self.DRAFT, changes, "techladder")
        assert {name: getattr(draft, name) for name in expected} == expected

    @pytest.mark.parametrize(
        "changes", [{"contacts": ()}, {"start": None}, {"agent": "agt_1"}, {"name": None}, {"schedule": None}]
    )
    def test_of_other_fields_are_refused(self, changes: dict[str, Any]) -> None:
        with pytest.raises(InvalidInput, match=f"{next(iter(changes))} cannot be set here; what can be is: name"):
            changed(self.DRAFT, changes, "techladder")
