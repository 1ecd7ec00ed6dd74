"""The findings of a preflight as a table, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from unibatch import Finding, Fit, Preflight
from unibatch.cli.cells import BAD, DIM, GOOD, HEADING, MOVING, WARN
from unibatch.cli.errors import Problems, in_options
from unibatch.cli.output import dumps
from unibatch.cli.tables import columns
from unibatch.cli.text import words
from unibatch.providers import registry

_STYLES = {Fit.NATIVE: GOOD, Fit.MAPPED: GOOD, Fit.EMULATED: MOVING, Fit.LOSSY: WARN}  # of the others: BAD
_TITLES = ("field", "fit", "sent", "what happens")


def preflight_sheet(target: str, result: Preflight, blocking: Sequence[Finding], problems: Problems) -> RenderableType:
    """The findings of one target as a table, and the verdict; without the fields that could not be read."""
    titles = (Column(title, no_wrap=title in {"field", "fit"}, overflow="fold") for title in _TITLES)
    table = columns(*titles, style=DIM)
    for finding in result.findings:
        if finding.field in problems.unread:
            continue
        accepted = finding.is_obstacle() and finding not in blocking
        fit = Text.assemble((finding.fit.value, _STYLES.get(finding.fit, BAD)), (", accepted" if accepted else "", DIM))
        sent = ", ".join(f"{name}: {dumps(value)}" for name, value in finding.sent.items())
        table.add_row(words(finding.field), fit, words(sent), words(in_options(finding.reason)))
    title = registry.load(result.provider).title
    heading = title if target == result.provider else f"{title} (profile {target})"
    return Group(words(heading, HEADING), Padding(table, (0, 0, 0, 2)), _verdict(result, blocking, problems), "")


def _verdict(result: Preflight, blocking: Sequence[Finding], problems: Problems) -> RenderableType:
    unread = problems.unread
    accepted = [finding for finding in result.obstacles() if finding not in blocking and finding.field not in unread]
    if blocking:
        verdict = f"Cannot be created: {', '.join(dict.fromkeys(finding.field for finding in blocking))}."
        if losses := dict.fromkeys(finding.field for finding in blocking if finding.acceptable):
            verdict += f" To accept the loss:{''.join(f' --accept-loss {field}' for field in losses)}"
        return Text(verdict, style=BAD)
    if unread:
        return Text("Nothing blocks it in what could be read.", style=WARN)
    if problems.lines:
        return Text("Can be created when the command or its rows are corrected.", style=WARN)
    with_loss = f", with {len(accepted)} accepted loss{'es' if len(accepted) > 1 else ''}" if accepted else ""
    return Text(f"Can be created{with_loss}.", style=GOOD)
