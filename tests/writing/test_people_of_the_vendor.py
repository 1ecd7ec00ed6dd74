"""Campaigns for people whom Truedy has already are created once, and their contacts are not those of the draft."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from tests.writing.conftest import Emulating, draft, one_client, settle
from tests.writing.faults import AFTER
from unibatch import CampaignDraft, DraftRefused
from unibatch.core.draft import Part
from unibatch.core.errors import ConfigError
from unibatch.core.findings import Fit
from unibatch.core.preflight import compose
from unibatch.providers.truedy import Truedy

FOLDER = "vendor.truedy.contact_folder_id"
IDS = "vendor.truedy.contact_ids"


def of_a_folder(n: int = 0, **changes: Any) -> CampaignDraft:
    return attrs.evolve(draft("truedy", n, **changes), vendor={"truedy": {"contact_folder_id": "folder_sandbox"}})


@one_client
class TestAFolder:
    def test_has_to_be_accepted(self, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        with pytest.raises(DraftRefused) as raised:
            emulator.join().create(of_a_folder())
        assert [(finding.field, finding.fit) for finding in raised.value.findings] == [(FOLDER, Fit.LOSSY)]
        assert emulator.arrivals == []

    @pytest.mark.parametrize("n", [0, 2])
    @pytest.mark.parametrize("fault", AFTER)
    def test_is_called_once_though_the_answer_is_lost(self, n: int, fault: str, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        emulator.fail(1, AFTER[fault])
        campaign = settle(emulator, lambda client: client.create(of_a_folder(n), [FOLDER]), timeout=0.3)
        emulator.sandbox.forget_keys()
        assert emulator.join().create(of_a_folder(n), [FOLDER]).id == campaign.id
        ((campaign_id, state),) = emulator.campaigns.items()
        assert (campaign_id, campaign.name, len(state.contacts)) == (campaign.id, "Spring calls", 25 + n)

    def test_is_not_taken_for_what_has_the_same_name(self, emulating: Emulating) -> None:
        emulator = emulating("truedy")
        for number_of_own in (2, 0, 1):
            emulator.join().create(of_a_folder(number_of_own), [FOLDER])
        emulator.join().create(draft("truedy", 2))
        assert [len(state.contacts) for state in emulator.campaigns.values()] == [27, 25, 26, 2]


class TestWhatIsJudged:
    def findings(self, options: dict[str, Any], **changes: Any) -> dict[str, tuple[Fit, dict[str, Any]]]:
        composition = compose_of(options, **changes)
        return {
            finding.field: (finding.fit, dict(finding.sent))
            for finding in composition.preflight.findings
            if finding.field.startswith(("vendor", "contacts")) and finding.fit is not Fit.NATIVE
        }

    def test_a_source_goes_with_its_folder(self) -> None:
        sent = {"contact_folder_id": "f", "contact_source": "folder"}
        assert self.findings({"contact_folder_id": "f"}) == {FOLDER: (Fit.LOSSY, sent)}
        assert self.findings({"contact_folder_id": "f", "contact_source": "folder"}) == {FOLDER: (Fit.LOSSY, sent)}
        assert self.findings({"contact_folder_id": "f", "contact_source": "csv"}) == {FOLDER: (Fit.INVALID, {})}
        assert self.findings({"contact_source": "folder"}, n=1) == {"vendor.truedy.contact_source": (Fit.INVALID, {})}

    def test_ids_are_sent_once_each_in_any_order_of_the_draft(self) -> None:
        assert self.findings({"contact_ids": ["b", "a", "b"]}) == {IDS: (Fit.LOSSY, {"contact_ids": ["a", "b"]})}
        one, other = (compose_of({"contact_ids": ids}) for ids in (["a", "b"], ["b", "a", "b"]))
        assert one.mark == other.mark != compose_of({"contact_ids": ["a"]}).mark

    def test_a_part_cannot_have_them(self) -> None:
        found = self.findings({"contact_ids": ["a"]}, n=1, part=Part(number=1, of=2, whole="k"))
        assert found[IDS] == (Fit.INVALID, {})

    def test_a_draft_without_people_still_needs_contacts(self) -> None:
        assert self.findings({}) == {"contacts": (Fit.INVALID, {})}

    def test_a_profile_cannot_have_them(self) -> None:
        with pytest.raises(ConfigError, match="contact_ids is for one draft"):
            Truedy({"contact_ids": ["a"]})


def compose_of(options: dict[str, Any], n: int = 0, **changes: Any) -> Any:
    return compose(
        Truedy({}), attrs.evolve(draft("truedy", n, **changes), vendor={"truedy": options}), datetime.now(UTC)
    )
