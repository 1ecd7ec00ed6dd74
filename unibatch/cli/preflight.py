"""The command ``preflight``."""

from __future__ import annotations

from typing import Any

import click

from unibatch.cli.draft_options import draft_options
from unibatch.cli.exits import WRONG_USE
from unibatch.cli.options import examples, format_option, target_arguments

_COLUMNS = ("target", "provider", "field", "fit", "sent", "reason", "acceptable", "obstacle")


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
    from unibatch import Preflight, Provider, config, to_dict
    from unibatch.cli.draft_request import DraftRequest
    from unibatch.cli.errors import Problems
    from unibatch.cli.output import say, write_data

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
        from unibatch.cli.preflight_sheet import preflight_sheet
        from unibatch.cli.tables import screen, show_on

        console = screen()
        for target, result in found.items():
            show_on(console, preflight_sheet(target, result, blocking[target], problems))
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
