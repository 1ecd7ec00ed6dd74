"""What is wanted of a listing."""

import attrs
import pytest

from unibatch.core.model import Campaign, Contact
from unibatch.core.provider import CampaignFilter, ContactFilter
from unibatch.core.status import CallStatus, CampaignStatus

CAMPAIGN = Campaign(id="b1", provider="acme", status=CampaignStatus.PAUSED, agent_id="agt_1")
CONTACT = Contact(
    id="c1",
    provider="acme",
    campaign_id="b1",
    phone_number="+15551234567",
    phone_valid=True,
    external_id="101",
    status=CallStatus.BUSY,
    is_final=True,
)
OVER = frozenset({CampaignStatus.COMPLETED, CampaignStatus.FAILED})
UNREACHED = frozenset({CallStatus.BUSY, CallStatus.NO_ANSWER})


@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [
        (CampaignFilter(), True),
        (CampaignFilter(status=frozenset({CampaignStatus.PAUSED})), True),
        (CampaignFilter(status=OVER), False),
        (CampaignFilter(agent_id="agt_1"), True),
        (CampaignFilter(agent_id="agt_2"), False),
        (CampaignFilter(status=OVER, agent_id="agt_1"), False),
        (CampaignFilter(agent_id=""), False),
    ],
)
def test_which_campaigns_are_wanted(wanted: CampaignFilter, *, admitted: bool) -> None:
    assert wanted.admits(CAMPAIGN) is admitted
    assert bool(wanted) is (wanted != CampaignFilter())
    assert not CampaignFilter(agent_id="agt_1").admits(attrs.evolve(CAMPAIGN, agent_id=None))


@pytest.mark.parametrize(
    ("wanted", "admitted"),
    [
        (ContactFilter(), True),
        (ContactFilter(status=UNREACHED), True),
        (ContactFilter(status=frozenset({CallStatus.COMPLETED})), False),
        (ContactFilter(external_id="101"), True),
        (ContactFilter(external_id="102"), False),
        (ContactFilter(status=UNREACHED, external_id="102"), False),
        (ContactFilter(external_id=""), False),
    ],
)
def test_which_contacts_are_wanted(wanted: ContactFilter, *, admitted: bool) -> None:
    assert wanted.admits(CONTACT) is admitted
    assert bool(wanted) is (wanted != ContactFilter())
    assert not ContactFilter(external_id="101").admits(attrs.evolve(CONTACT, external_id=None))
