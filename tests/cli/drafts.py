"""Campaigns and contacts for tests of commands."""

from __future__ import annotations

import re
from pathlib import Path

from unibatch.sandbox import CampaignState, Sandbox

VENDORS = ("truedy", "techladder", "talkifai")

NEEDED = {
    "truedy": ("--agent", "agt_1"),
    "techladder": ("--agent", "agt-1", "--set", "version_id=pmt-1"),
    "talkifai": ("--from-number", "pn_1"),
}
"""What each vendor requires."""

HOLD_UNTIL = ("--hold-until", "2099-01-01T09:00[Europe/Berlin]")

NUMBERS = ("+12125550123", "+12125550124", "+12125550125")
"""Everybody in the file that `people` writes."""


def people(folder: Path, *rows: str, name: str = "people.csv") -> str:
    """Write a file of contacts; without rows, of three people."""
    lines = rows or ("Mobile;Full name", f"{NUMBERS[0]};Ann Lee", f"{NUMBERS[1]};Bob Ray", "+1 212 555 0125;Cy Orr")
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


def take_defaults_away(folder: Path) -> None:
    """Leave nothing in the profiles of what their vendors require."""
    path = folder / "unibatch.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"\[profiles\.[\w-]+\.defaults\]\n(\w.*\n)*", "", text), encoding="utf-8")


def seeded(sandbox: Sandbox, vendor: str = "truedy") -> str:
    """The PROFILE:CAMPAIGN_ID of a vendor's first campaign, which is running and has more than 1,000 contacts."""
    return f"sandbox-{vendor}:{sandbox.campaign_ids(vendor)[0]}"


def campaign(sandbox: Sandbox, vendor: str = "truedy", status: str | None = None) -> str:
    """The PROFILE:CAMPAIGN_ID of a new campaign of three contacts."""
    return f"sandbox-{vendor}:{sandbox.create(vendor, 3, name='Spring', status=status)}"


def state_of(sandbox: Sandbox, where: str) -> CampaignState:
    """What a vendor holds of a PROFILE:CAMPAIGN_ID."""
    profile, _, campaign_id = where.partition(":")
    return sandbox.state(profile.removeprefix("sandbox-"), campaign_id)
