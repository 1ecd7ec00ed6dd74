"""Writes docs/statuses.md from the tables that the providers declare.

python docs/generate_statuses.py
"""
# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from unibatch.core.provider import Provider
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.status_table import StatusTable
from unibatch.providers import registry

TARGET = Path(__file__).with_name("statuses.md")
NONE = "\N{EN DASH}"

HEAD = """\
# Statuses

<!-- Written by `python docs/generate_statuses.py`. Change the tables in unibatch, then run it again. -->

Every vendor has its own words for the status of a call and of a campaign. unibatch translates them by the tables below
and keeps the vendor's word beside the translation, as `vendor_status`.

- Case, hyphens, underscores and spaces make no difference: `in-progress`, `in_progress` and `In Progress` are one word.
  `canceled` is read as `cancelled`, and `dialling` as `dialing`.
- A word that is in no table becomes `unknown`. unibatch logs one warning for it, keeps the word, and goes on.
- A status that is missing, or `null`, is `unknown` too, with `vendor_status` set to `None`.

The same tables are printed by `unibatch providers --statuses`.

"""

CALLS = """\
## Calls

`CallStatus` is the status of the *latest attempt*. *Over*, *connected*, *worth retrying* and *under way* are
`is_terminal`, `is_connected`, `is_retryable` and `is_under_way`. A call that is under way goes on when its campaign is
paused or cancelled. Whether the vendor itself will call again, the contact says, not the status: see
[`is_final`](model.md#is_final-and-the-status). No built-in vendor has a word for some of these; see
[model.md](model.md#for-other-vendors).

"""

CAMPAIGNS = """\
## Campaigns

*Over* is `is_terminal`: the campaign will not dial again.

"""

FILTERS = """\
## Who applies the filter `status=`

A vendor's filter takes one of its own words. The vendor filters if you ask for one status, exactly one word of the
vendor means it, and the vendor documents that its filter takes that word. A cell in `code` is the word that is sent.
*here* means that every row is read and filtered on your side; this is also so whenever you ask for several statuses. A
dash means that the vendor has no word for it: every row is read, and none can match.

The rows are the same either way. What differs is [how much is read, and what the report then
proves](listings.md#filters).

"""

VENDORS = """\
## The vendors' words

"""


def main() -> None:
    """Write the page."""
    TARGET.write_text(render(), encoding="utf-8")


def render() -> str:
    """The page as it should be."""
    kinds = [registry.load(entry.name) for entry in registry.BUILT_IN]
    traits = ("is_terminal", "is_connected", "is_retryable", "is_under_way")
    parts = [
        HEAD,
        CALLS,
        table(
            ("status", "meaning", "over", "connected", "worth retrying", "under way"),
            (
                (f"`{status}`", status.meaning, *(mark(getattr(status, trait)) for trait in traits))
                for status in CallStatus
            ),
        ),
        CAMPAIGNS,
        table(
            ("status", "meaning", "over"),
            ((f"`{status}`", status.meaning, mark(status.is_terminal)) for status in CampaignStatus),
        ),
        VENDORS,
    ]
    for kind in kinds:
        for what, words in (("contacts", kind.call_statuses), ("campaigns", kind.campaign_statuses)):
            parts += [f"### {kind.title}: {what}\n\n", vocabulary(kind, words)]
    parts += [
        FILTERS,
        "### Of contacts\n\n",
        filters(kinds, [kind.call_statuses for kind in kinds], CallStatus),
        "### Of campaigns\n\n",
        filters(kinds, [kind.campaign_statuses for kind in kinds], CampaignStatus),
    ]
    return "".join(parts).rstrip("\n") + "\n"


def vocabulary(kind: type[Provider], words: StatusTable[CallStatus] | StatusTable[CampaignStatus]) -> str:
    """One vendor's words, and what each is translated to."""
    rows = [(f"`{word}`", f"`{status}`") for word, status in words]
    return table((f"{kind.title}'s word", "unibatch's"), [*rows, ("any other", f"`{words.unknown}`")])


def filters(
    kinds: Sequence[type[Provider]],
    tables: Sequence[StatusTable[CallStatus]] | Sequence[StatusTable[CampaignStatus]],
    statuses: type[CallStatus | CampaignStatus],
) -> str:
    """For each status: the word that goes to each vendor's filter, if there is one."""

    def cell(words: StatusTable[CallStatus] | StatusTable[CampaignStatus], status: CallStatus | CampaignStatus) -> str:
        word = words.filter_word(frozenset({status}))  # type: ignore[arg-type]  # the two are of one kind
        if word is not None:
            return f"`{word}`"
        return "here" if status in {*words.words.values(), words.unknown} else NONE

    rows = ((f"`{status}`", *(cell(words, status) for words in tables)) for status in statuses)
    return table(("status", *(kind.title for kind in kinds)), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines) + "\n"


def mark(holds: bool) -> str:  # noqa: FBT001 - it is the value that is shown
    """Yes or nothing."""
    return "yes" if holds else NONE


if __name__ == "__main__":
    main()
