"""Writes the tables of docs/writing.md from what the providers do with a draft.

python docs/generate_writing.py
"""
# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import attrs

from unibatch.core.draft import CampaignDraft, ContactDraft, Start
from unibatch.core.findings import Finding, Handling
from unibatch.core.model import RedialPolicy, Schedule
from unibatch.core.preflight import compose
from unibatch.core.provider import Limits, OperationName, Provider
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.providers import registry

TARGET = Path(__file__).with_name("writing.md")
NONE = "\N{EN DASH}"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
"""When the draft is looked at, whenever the page is written."""

KINDS = [registry.load(entry.name) for entry in registry.BUILT_IN]

SETTINGS: Mapping[str, Mapping[str, Any]] = {"talkifai": {"organization_id": "org_1"}}
"""The settings of a profile with which the vendor can do most."""

PERSON = ContactDraft(
    phone_number="+12125550123",
    name="Dr. Ada King",
    first_name="Ada",
    last_name="King",
    email="ada@example.com",
    external_id="10001",
    fields={"plan": "gold"},
)

FULL = CampaignDraft(
    name="Spring",
    contacts=[PERSON],
    start=Start.HOLD,
    hold_until=datetime(2026, 3, 31, 12, tzinfo=UTC),
    agent_id="agt_1",
    from_number_ids=["num_1"],
    description="Asks who comes back",
    schedule=Schedule(
        timezone="Europe/Berlin",
        window_start=time(9),
        window_end=time(17),
        weekdays=(1, 2, 3, 4, 5),
        max_calls_per_day=500,
    ),
    max_concurrency=10,
    retry=RedialPolicy(max_attempts=3, retry_on=frozenset({CallStatus.BUSY})),
    metadata={"team": "retention"},
    vendor={"techladder": {"version_id": "pmt_1"}},
)

AT = {"start": Start.at(datetime(2026, 3, 30, 9), "Europe/Berlin"), "hold_until": None}  # noqa: DTZ001 - as people write it

STARTS: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("`Start.HOLD`", {"hold_until": None}),
    ("`Start.HOLD` with `hold_until`", {}),
    ("`Start.NOW`", {"start": Start.NOW, "hold_until": None}),
    ("`Start.at(...)`", AT),
)

RETRIED = frozenset({CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.TIMEOUT})

FIELDS: Sequence[tuple[str, str, Mapping[str, Any]]] = (
    ("`name`", "name", {}),
    ("`start` (`HOLD`)", "start", {"hold_until": None}),
    ("`start` (`HOLD` with `hold_until`)", "start", {}),
    ("`start` (`NOW`)", "start", {"start": Start.NOW, "hold_until": None}),
    ("`start` (`at`)", "start", AT),
    ("`hold_until`", "hold_until", {}),
    ("`agent_id`", "agent_id", {}),
    ("`from_number_ids` (one)", "from_number_ids", {}),
    ("`from_number_ids` (several)", "from_number_ids", {"from_number_ids": ("num_1", "num_2")}),
    ("`description`", "description", {}),
    ("`schedule.timezone`", "schedule.timezone", {}),
    ("`schedule.window_start`", "schedule.window_start", {}),
    ("`schedule.window_end`", "schedule.window_end", {}),
    ("`schedule.weekdays`", "schedule.weekdays", {}),
    ("`schedule.max_calls_per_day`", "schedule.max_calls_per_day", {}),
    ("`max_concurrency`", "max_concurrency", {}),
    ("`retry.max_attempts` (1)", "retry.max_attempts", {"retry": RedialPolicy(max_attempts=1)}),
    ("`retry.max_attempts` (2 or more)", "retry.max_attempts", {}),
    ("`retry.retry_on` (others)", "retry.retry_on", {}),
    ("`retry.retry_on` (no_answer, busy, timeout)", "retry.retry_on", {"retry": RedialPolicy(retry_on=RETRIED)}),
    ("`metadata`", "metadata", {}),
    ("`idempotency_key`", "idempotency_key", {}),
    ("`part` (of a split draft)", "part", {"contacts": [PERSON, attrs.evolve(PERSON, phone_number="+12125550124")]}),
)
"""A row each: what it is called, the field of the finding, and what the draft has instead of what `FULL` has."""

LIMITS = [field.name for field in attrs.fields(Limits) if field.name.startswith("max_")]

CHANGES: Sequence[OperationName] = (
    "add_contacts",
    "start_campaign",
    "pause_campaign",
    "resume_campaign",
    "reschedule_campaign",
    "cancel_campaign",
    "delete_campaign",
    "retry_campaign",
)


def main() -> None:
    """Write the tables into the page."""
    TARGET.write_text(render(TARGET.read_text(encoding="utf-8")), encoding="utf-8")


def render(page: str) -> str:
    """The page with the tables as they should be: each stands behind a comment that names it."""
    for name, table in tables().items():
        page, found = re.subn(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda match, table=table: f"{match[1]}\n{table}\n{match[2]}",  # type: ignore[misc]  # a lambda with a default
            page,
            flags=re.DOTALL,
        )
        if found != 1:
            raise ValueError(f"{TARGET.name} has {found} places for the table {name!r}")
    return page


def tables() -> Mapping[str, str]:
    """Every table of the page, by its name."""
    titles = [kind.title for kind in KINDS]
    return {
        "starts": _table(
            ["", *titles], ([label, *(_start(kind, changes) for kind in KINDS)] for label, changes in STARTS)
        ),
        "fields": _table(
            ["field", *titles],
            ([label, *(_fit(kind, field, changes) for kind in KINDS)] for label, field, changes in FIELDS),
        ),
        "reasons": "\n".join(_reasons(kind) for kind in KINDS),
        "contacts": _table(
            ["attribute", *titles, "added at Truedy later"],
            (
                [f"`contacts.{name}`", *(_handling(kind.contact_handling[name]) for kind in KINDS), _added(name)]
                for name in KINDS[0].contact_handling
            ),
        ),
        "options": _table(
            ["provider", "option", "meaning"],
            (
                [f"`{kind.name}`", f"`{name}`", setting.purpose.replace(" in such campaigns", "")]
                for kind in KINDS
                for name, setting in kind({}).draft_options.items()
            ),
        ),
        "limits": _table(
            ["limit", *titles],
            ([f"`{limit}`", *(_limit(kind, limit) for kind in KINDS)] for limit in LIMITS),
        ),
        "changes": _table(
            ["method", *titles],
            ([f"`{operation}`", *(_change(kind, operation) for kind in KINDS)] for operation in CHANGES),
        ),
    }


def _findings(kind: type[Provider], changes: Mapping[str, Any]) -> Mapping[str, Finding]:
    draft = attrs.evolve(FULL, **changes)
    if len(draft.contacts) > 1:
        draft = draft.split(1)[0]
    provider = kind(SETTINGS.get(kind.name, {}))
    return {finding.field: finding for finding in compose(provider, draft, NOW).preflight.findings}


def _fit(kind: type[Provider], field: str, changes: Mapping[str, Any]) -> str:
    return str(_findings(kind, changes)[field].fit)


def _start(kind: type[Provider], changes: Mapping[str, Any]) -> str:
    finding = _findings(kind, changes)["start"]
    if not finding.acceptable and finding.is_obstacle():
        return "refused: it would begin to call at once"
    return "; ".join(filter(None, (finding.reason, _sent(finding))))


def _sent(finding: Finding) -> str:
    return ", ".join(f"`{key}`: `{json.dumps(value)}`" for key, value in finding.sent.items())


def _reasons(kind: type[Provider]) -> str:
    labels: dict[str, list[str]] = {}
    for label, field, changes in FIELDS:
        finding = _findings(kind, changes)[field]
        if finding.reason and field not in {"start", *LIMITS}:
            labels.setdefault(finding.reason, []).append(label)
    lines = [
        textwrap.fill(f"- {', '.join(alike)}: {reason}.", 120, subsequent_indent="  ", break_on_hyphens=False)
        for reason, alike in labels.items()
    ]
    return "\n".join([f"**{kind.title}**", "", *lines, ""])


def _handling(handling: Handling) -> str:
    return f"{handling.fit}: {handling.reason}" if handling.reason else str(handling.fit)


def _added(name: str) -> str:
    handling = KINDS[0].added_contact_handling.get(name)
    return "the same" if handling is None else str(handling.fit)


def _limit(kind: type[Provider], name: str) -> str:
    most = getattr(kind.capabilities.limits, name)
    return NONE if most is None else f"{most:,}"


def _change(kind: type[Provider], operation: OperationName) -> str:
    support = kind.capabilities.operations[operation]
    if not support.available:
        return f"no: {support.note}"
    if operation == "add_contacts":
        return f"unless {_words([status for status in CampaignStatus if status.is_terminal], 'or')}"
    transition = kind.transitions[operation]
    parts = [f"while {_words(transition.allowed, 'or')}"]
    if transition.done:
        same = " for that time" if operation == "reschedule_campaign" else ""
        parts.append(f"nothing is sent if {_words(transition.done, 'or')} already{same}")
    return "; ".join(parts)


def _words(statuses: Iterable[CampaignStatus], last: str) -> str:
    *words, final = [f"`{status}`" for status in CampaignStatus if status in set(statuses)]
    return f"{', '.join(words)} {last} {final}" if words else final


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    main()
