"""A progress bar on stderr."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from unibatch.cli.output import say

if TYPE_CHECKING:
    from unibatch.workflows.migrate import Progress as Stage


@contextlib.contextmanager
def progress(what: str, *, shown: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar while the block runs, if ``shown``; yields what to call with the number done and the total."""
    if not shown:
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    bar = Progress(
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(what),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextlib.contextmanager
def stages(*, shown: bool) -> Iterator[Callable[[Stage], None]]:
    """Show what work of several stages is doing while the block runs; yields what to call with each stage.

    If ``shown``, there is a bar. Otherwise each stage is a line on stderr, when it begins.
    """
    if not shown:
        said: set[str] = set()

        def tell(stage: Stage) -> None:
            if stage.what not in said:
                said.add(stage.what)
                say(f"{stage.what}{_at_most(stage)}")

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    bar = Progress(
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
    )
    with bar:
        task = bar.add_task("", total=None)
        yield lambda stage: bar.update(
            task, description=f"{stage.what}{_at_most(stage)}", completed=stage.done, total=stage.total
        )


def _at_most(stage: Stage) -> str:
    return "" if stage.seconds is None else f", at most {stage.seconds:,.0f} s"
