"""All that is wrong with what a command was given, collected so that it can be told at once."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from unibatch.cli.failures import Refused
from unibatch.core.errors import UnibatchError
from unibatch.core.findings import Finding

FLAGS = {
    "name": "--name",
    "contacts": "--contacts",
    "start": "--start",
    "hold_until": "--hold-until",
    "agent_id": "--agent",
    "from_number_ids": "--from-number",
    "description": "--description",
    "schedule.timezone": "--timezone",
    "schedule.window_start": "--window",
    "schedule.window_end": "--window",
    "schedule.weekdays": "--days",
    "schedule.max_calls_per_day": "--max-calls-per-day",
    "max_concurrency": "--max-concurrency",
    "retry.max_attempts": "--max-attempts",
    "metadata": "--metadata",
    "idempotency_key": "--idempotency-key",
    "max_contacts": "--contacts",
    "max_attempts": "--max-attempts",
    "max_name_length": "--name",
    "max_description_length": "--description",
}
"""The option that sets each field of a draft, or that each limit is about."""


@attrs.define
class Problems:
    """All that is wrong, so that it can be told at once.

    Attributes:
        lines: What is wrong.
        unread: Fields of the draft that could not be read, so that what is found about them says nothing.
    """

    lines: list[str] = attrs.field(factory=list)
    unread: set[str] = attrs.field(factory=set)

    def add(self, line: str, *unread: str) -> None:
        """Add a problem, unless it is known already, and the fields that cannot be judged because of it."""
        if line not in self.lines:
            self.lines.append(line)
        self.unread.update(unread)

    def noting(self, what: str = "", *unread: str) -> Noting:
        """Within the ``with`` statement, an error becomes a problem, and the work goes on behind it."""
        return Noting(self, what, unread)

    def judge(self, findings: Sequence[Finding]) -> None:
        """Add what stands in the way of a draft."""
        for finding in findings:
            if finding.field not in self.unread:
                self.add(obstacle(finding))

    def insist(self) -> None:
        """Go on only if there are none.

        Raises:
            Refused: There are some.
        """
        if self.lines:
            raise Refused(self.lines)


@attrs.frozen
class Noting:
    """Makes a problem of an error that ends a ``with`` statement.

    Attributes:
        problems: Where it is added.
        what: What the problem is about; may be empty.
        unread: The fields that cannot be judged because of it.
    """

    problems: Problems
    what: str
    unread: tuple[str, ...]

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, UnibatchError):
            return False
        self.problems.add(f"{self.what}: {error}" if self.what else str(error), *self.unread)
        return True


def obstacle(finding: Finding) -> str:
    """What stands in the way, and which option is about it."""
    flag = FLAGS.get(finding.field)
    if flag is None and finding.field.startswith("contacts."):
        flag = "--contacts"
    if flag is None and finding.field.startswith("vendor."):
        flag = f"--set {finding.field.rpartition('.')[2]}=..."
    way = f"; --accept-loss {finding.field} goes on all the same" if finding.acceptable else ""
    return f"{finding.field}{f' ({flag})' if flag else ''}: {finding.reason}{way}"
