"""The command ``preflight``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from unibatch import Finding, Fit, Preflight, Provider, config, to_dict
from unibatch.cli.draft_options import DraftRequest, draft_options
from unibatch.cli.errors import WRONG_USE, Problems, in_options
from unibatch.cli.options import examples, format_option, target_arguments
from unibatch.cli.output import dumps, say, write_data
from unibatch.cli.tables import columns, screen, show_on
from unibatch.cli.text import BAD, DIM, GOOD, HEADING, MOVING, WARN, words
from unibatch.providers import registry

_STYLES = {Fit.NATIVE: GOOD, Fit.MAPPED: GOOD, Fit.EMULATED: MOVING, Fit.LOSSY: WARN}  # of the others: BAD


@click.command(
    epilog=examples(
        "unibatch preflight main --contacts people.csv --name Spring --start hold",
        "unibatch preflight truedy talkifai --contacts people.csv --name Spring \\",
        "    --start now --max-concurrency 30",
        "unibatch preflight main --contacts people.csv --name Spring --start now \\",
        "    --format json",
    ),
)
@target_arguments
@draft_options
@format_option
def preflight(*, targets: tuple[str, ...], form: str, **given: Any) -> None:
    """Check what happens to each field of a draft at a vendor. Sends nothing.

    TARGET is a profile, whose defaults fill the gaps, or a provider; name several to compare vendors. Each field is
    native (the vendor has the same), mapped (the same in another form), emulated (done in another way), lossy (a part
    is lost), unsupported (all is lost) or invalid (correct it). `unibatch create` takes the same options and refuses
    the last three; --accept-loss accepts a loss.

    Needs no network and no key. The exit code is 0 if the draft can be created at every target, else 2.
    """
    request = DraftRequest(**given)
    problems = Problems()
    draft = request.draft(request.read(problems), problems)
    providers: dict[str, Provider] = {}
    for target in targets:
        with problems.noting():
            providers[target] = config.provider_of_target(target)
    found: dict[str, Preflight] = {}
    for target, provider in providers.items():
        others = [other for other in providers.values() if other is not provider]
        with problems.noting(target):
            found[target] = request.judge(request.for_vendor(draft, provider, others), provider, target)
    blocking = {
        target: [finding for finding in result.obstacles(request.accept_loss) if finding.field not in problems.unread]
        for target, result in found.items()
    }
    if form == "table":
        console = screen()
        for target, result in found.items():
            show_on(console, _sheet(target, result, blocking[target], problems))
    else:
        rows = [
            {"target": target, "provider": result.provider, **to_dict(finding), "obstacle": finding in blocking[target]}
            for target, result in found.items()
            for finding in result.findings
        ]
        write_data(form, rows, _COLUMNS)
    for problem in problems.lines:
        say(f"unibatch: {problem}")
    if problems.lines or any(blocking.values()):
        raise click.exceptions.Exit(WRONG_USE)


_TITLES = ("field", "fit", "sent", "what happens")
_COLUMNS = ("target", "provider", "field", "fit", "sent", "reason", "acceptable", "obstacle")


def _sheet(target: str, result: Preflight, blocking: Sequence[Finding], problems: Problems) -> RenderableType:
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
