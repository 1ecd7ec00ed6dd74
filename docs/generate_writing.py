"""Writes the tables of docs/writing.md from the tables of the providers.

python docs/generate_writing.py
"""
# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import attrs

from unibatch.core.draft import Part, Start
from unibatch.core.draft_fields import DRAFT_FIELD_NAMES, Given, How
from unibatch.core.findings import Fit
from unibatch.core.provider import LIFECYCLE, Limits, OperationName, Provider
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.times import When
from unibatch.providers import registry

TARGET = Path(__file__).with_name("writing.md")
NONE = "\N{EN DASH}"

KINDS = [registry.load(entry.name) for entry in registry.BUILT_IN]

SETTINGS: Mapping[str, Mapping[str, Any]] = {"talkifai": {"organization_id": "org_1"}}
"""The settings of a profile with which the vendor can do most."""

AT = When(datetime(2026, 3, 30, 7, tzinfo=UTC), "Europe/Berlin")
UNTIL = {"hold_until": AT}
RETRIED = frozenset({CallStatus.NO_ANSWER, CallStatus.BUSY, CallStatus.TIMEOUT})

Case: TypeAlias = tuple[str, Any, Mapping[str, Any]]

CASES: Mapping[str, Sequence[Case]] = {
    "start": [
        ("`HOLD`", Start.HOLD, {}),
        ("`HOLD` with `hold_until`", Start.HOLD, UNTIL),
        ("`NOW`", Start.NOW, {}),
        ("`at`", AT, {}),
    ],
    "from_number_ids": [("one", ["num_1"], {}), ("several", ["num_1", "num_2"], {})],
    "retry.max_attempts": [("1", 1, {}), ("2 or more", 3, {})],
    "retry.retry_on": [
        ("others", {CallStatus.BUSY}, {}),
        ("no_answer, busy, timeout", RETRIED, {}),
    ],
    "part": [("of a split draft", Part(number=1, of=2, whole="key"), {})],
    "description": [("", "Asks who comes back", {})],
    "metadata": [("", {"team": "retention"}, {})],
}
"""For each field that a vendor may take in one way or another: what it is called, a value, and what else is given."""

ROWS = [
    (f"`{field}`" + (f" ({case[0]})" if case[0] else ""), field, case)
    for field in DRAFT_FIELD_NAMES
    if not field.startswith("contacts.")
    for case in CASES.get(field, [("", None, {})])
]

STARTS = ("`Start.HOLD`", "`Start.HOLD` with `hold_until`", "`Start.NOW`", "`Start.at(...)`")

LIMITS = [field.name for field in attrs.fields(Limits) if field.name.startswith("max_")]

CHANGES: Sequence[OperationName] = ("add_contacts", *LIFECYCLE)


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
            ["", *titles],
            (
                [label, *(_start(kind, case) for kind in KINDS)]
                for label, case in zip(STARTS, CASES["start"], strict=True)
            ),
        ),
        "fields": _table(
            ["field", *titles],
            ([label, *(str(_how(kind, field, case).fit) for kind in KINDS)] for label, field, case in ROWS),
        ),
        "reasons": "\n".join(_reasons(kind) for kind in KINDS),
        "contacts": _table(
            ["attribute", *titles, "added at Truedy later"],
            (
                [f"`{name}`", *(_contact(kind.draft_fields[name]) for kind in KINDS), _added(name)]
                for name in DRAFT_FIELD_NAMES
                if name.startswith("contacts.")
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


def _how(kind: type[Provider], field: str, case: Case) -> How:
    _, value, more = case
    given = Given(fields={"idempotency_key": "key", **more}, settings=SETTINGS.get(kind.name, {}))
    return kind.draft_fields[field].chosen(value, given)


def _start(kind: type[Provider], case: Case) -> str:
    how = _how(kind, "start", case)
    if how.fit is Fit.UNSUPPORTED:
        return "refused: it would begin to call at once"
    sent = ", ".join(f"`{key}`: `{json.dumps(value)}`" for key, value in how.sent_for(case[1]).items())
    return "; ".join(filter(None, (how.reason, sent)))


def _reasons(kind: type[Provider]) -> str:
    labels: dict[str, list[str]] = {}
    for label, field, case in ROWS:
        if field != "start" and (reason := _how(kind, field, case).reason):
            labels.setdefault(reason, []).append(label)
    lines = [
        textwrap.fill(f"- {', '.join(alike)}: {reason}.", 120, subsequent_indent="  ", break_on_hyphens=False)
        for reason, alike in labels.items()
    ]
    return "\n".join([f"**{kind.title}**", "", *lines, ""])


def _contact(how: How) -> str:
    return f"{how.fit}: {how.reason}" if how.reason else str(how.fit)


def _added(name: str) -> str:
    how = KINDS[0].added_contact_fields.get(name)
    return "the same" if how is None else str(how.fit)


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
