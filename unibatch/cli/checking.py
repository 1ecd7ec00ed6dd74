"""The command ``preflight``: what becomes of a draft at a vendor, before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import click
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from unibatch import config
from unibatch.cli.drafting import DraftRequest, draft_options
from unibatch.cli.failures import WRONG_USE, say
from unibatch.cli.options import examples, format_option, target_arguments
from unibatch.cli.output import dumps, screen, show, write_data
from unibatch.cli.problems import Problems
from unibatch.cli.text import BAD, DIM, GOOD, HEADING, MOVING, WARN, words
from unibatch.core.draft import CampaignDraft
from unibatch.core.findings import Finding, Fit, Preflight
from unibatch.core.provider import Provider
from unibatch.core.to_dict import to_dict
from unibatch.providers import registry
from unibatch.workflows.preflight import preflight as judge

_STYLES = {
    Fit.NATIVE: GOOD,
    Fit.MAPPED: GOOD,
    Fit.EMULATED: MOVING,
    Fit.LOSSY: WARN,
    Fit.UNSUPPORTED: BAD,
    Fit.INVALID: BAD,
}


@click.command(
    short_help="See what becomes of a draft at a vendor.",
    epilog=examples(
        "unibatch preflight main --contacts people.csv --name Spring --start hold",
        "unibatch preflight truedy talkifai --contacts people.csv --name Spring --start now --max-concurrency 30",
        "unibatch preflight main --contacts people.csv --name Spring --start now --format json",
    ),
)
@target_arguments
@draft_options
@format_option
def preflight(*, targets: tuple[str, ...], form: str, **given: Any) -> None:
    """See what becomes of each field of a draft at a vendor, before anything is sent.

    TARGET is a profile, whose defaults fill the gaps, or a provider; with several, vendors can be compared. Each field
    is native (the vendor has the same), mapped (the same in another form), emulated (had by other means), lossy (a part
    is lost), unsupported (all of it is lost) or invalid (to be corrected). `unibatch create`, which takes the same
    options, refuses the last three; --accept-loss goes on with a loss.

    Needs neither a network nor a key. Ends with 0 if the draft can be placed at every target, else with 2.
    """
    request = DraftRequest(**given)
    problems = Problems()
    draft = request.draft(request.read(problems), problems)
    request.check_settings(problems)
    providers = _providers(targets, problems)
    found: dict[str, Preflight] = {}
    for target, provider in providers.items():
        others = [other for other in providers.values() if other is not provider]
        with problems.noting(target):
            found[target] = judge_parts(request, request.for_vendor(draft, provider, others), provider, target)
    obstacles = {
        target: [finding for finding in result.obstacles(request.accept_loss) if finding.field not in problems.unread]
        for target, result in found.items()
    }
    if form == "table":
        console = screen()
        for target, result in found.items():
            show(console, _sheet(target, result, obstacles[target], problems))
    else:
        write_data(form, [row for target in found for row in _rows(target, found[target], obstacles[target])], _COLUMNS)
    for problem in problems.lines:
        say(f"unibatch: {problem}")
    if problems.lines or any(obstacles.values()):
        raise click.exceptions.Exit(WRONG_USE)


def _providers(targets: Sequence[str], problems: Problems) -> Mapping[str, Provider]:
    providers: dict[str, Provider] = {}
    for target in targets:
        with problems.noting():
            providers[target] = config.provider_of_target(target)
    return providers


def judge_parts(request: DraftRequest, draft: CampaignDraft, provider: Provider, target: str) -> Preflight:
    """What becomes of a draft, or with ``--split`` of all its parts together."""
    findings: dict[Any, Finding] = {}
    for part in request.parts(draft, provider):
        for finding in judge(part, target).findings:
            findings.setdefault((finding.field, finding.fit, finding.reason), finding)
    return Preflight(provider=provider.name, findings=tuple(findings.values()))


_COLUMNS = ("target", "provider", "field", "fit", "sent", "reason", "acceptable", "obstacle")


def _rows(target: str, result: Preflight, obstacles: Collection[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "target": target,
            "provider": result.provider,
            **to_dict(finding),
            "obstacle": finding in obstacles,
        }
        for finding in result.findings
    ]


def _sheet(target: str, result: Preflight, obstacles: Sequence[Finding], problems: Problems) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=DIM)
    for title in ("field", "fit"):
        table.add_column(title, no_wrap=True)
    for title in ("sent", "what becomes of it"):
        table.add_column(title, overflow="fold")
    for finding in result.findings:
        if finding.field in problems.unread:
            continue
        accepted = finding.is_obstacle() and finding not in obstacles
        fit = Text.assemble((finding.fit.value, _STYLES[finding.fit]), (", accepted" if accepted else "", DIM))
        sent = ", ".join(f"{name}: {dumps(value)}" for name, value in finding.sent.items())
        table.add_row(words(finding.field), fit, words(sent), words(finding.reason))
    title = registry.load(result.provider).title
    heading = title if target == result.provider else f"{title} (profile {target})"
    return Group(words(heading, HEADING), Padding(table, (0, 0, 0, 2)), _verdict(result, obstacles, problems), "")


def _verdict(result: Preflight, obstacles: Sequence[Finding], problems: Problems) -> RenderableType:
    unread = problems.unread
    accepted = [finding for finding in result.obstacles() if finding not in obstacles and finding.field not in unread]
    if not obstacles and unread:
        return Text("Nothing stands in the way in what could be read.", style=WARN)
    if not obstacles and problems.lines:
        return Text("It can be placed once what is wrong with the command, or with its rows, is corrected.", style=WARN)
    if not obstacles:
        with_loss = f", with {len(accepted)} accepted loss{'es' if len(accepted) > 1 else ''}" if accepted else ""
        return Text(f"It can be placed{with_loss}.", style=GOOD)
    verdict = f"It cannot be placed as it is: {', '.join(dict.fromkeys(finding.field for finding in obstacles))}."
    if losses := dict.fromkeys(finding.field for finding in obstacles if finding.acceptable):
        verdict += f" To accept what would be lost:{''.join(f' --accept-loss {field}' for field in losses)}"
    return Text(verdict, style=BAD)
