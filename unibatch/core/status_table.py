"""Translation of a vendor's status words by a table."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from unibatch.core.masking import mask_text
from unibatch.core.model import fold
from unibatch.core.status import CallStatus, CampaignStatus

S = TypeVar("S", bound=CallStatus | CampaignStatus)

_logger = logging.getLogger("unibatch")
_MOST_WORDS = 200  # bounds what a server that makes up new words all the time can take in memory and log lines
_SPELLINGS = {"canceled": "cancelled", "dialling": "dialing"}


def _normal(word: str) -> str:
    folded = fold(word)
    return _SPELLINGS.get(folded, folded)


class StatusTable(Generic[S]):
    """A vendor's status words, each with the canonical status that it stands for.

    A word is looked up without regard to case, hyphens, underscores, spaces, and American or British spelling.

    Attributes:
        words: The table, total over the words that the vendor documents, in the vendor's spelling.
        unknown: What a word outside of the table is taken for.
    """

    def __init__(self, words: Mapping[str, S], unknown: S, *, filterable: frozenset[str] = frozenset()) -> None:
        """Make a table.

        Args:
            words: The vendor's words, in its spelling.
            unknown: What a word outside of the table is taken for.
            filterable: The words that the vendor's own status filter understands.
        """
        self.words = words
        self.unknown = unknown
        self._filterable = filterable
        self._normal = {_normal(word): status for word, status in words.items()}

    def get(self, word: str) -> S | None:
        """The status that ``word`` stands for, or ``None`` if the table does not hold it."""
        return self._normal.get(_normal(word))

    def filter_word(self, wanted: frozenset[S]) -> str | None:
        """The word with which the vendor's filter selects exactly the statuses ``wanted``, or ``None``.

        There is one only where a single status is wanted, a single word of the vendor stands for it, and the vendor's
        filter understands that word.
        """
        words = [word for word, status in self.words.items() if status in wanted]
        return words[0] if len(wanted) == len(words) == 1 and words[0] in self._filterable else None

    def __iter__(self) -> Iterator[tuple[str, S]]:
        return iter(self.words.items())


class StatusReader(Generic[S]):
    """Reads the status words that one client receives, and warns once of each word that is not in the table.

    Attributes:
        known: Words as they were received, each with its status and whether that is terminal; look here first on a hot
            path, since most words are here.
    """

    def __init__(self, table: StatusTable[S], provider: str, kind: str) -> None:
        """Make a reader.

        Args:
            table: The vendor's table.
            provider: The provider's name, for the warning.
            kind: What has the status, for the warning, for example ``"contact"``.
        """
        self._table = table
        self._provider = provider
        self._kind = kind
        self.known: dict[str | None, tuple[S, bool]] = {
            word: (status, status.is_terminal) for word, status in table.words.items()
        }
        self._warned: set[str] = set()

    def __call__(self, word: str | None) -> S:
        """The canonical status for ``word``."""
        return (self.known.get(word) or self.read_anew(word))[0]

    def read_anew(self, word: str | None) -> tuple[S, bool]:
        """The canonical status for a word that is not among the `known`, and whether it is terminal."""
        unknown = self._table.unknown
        if word is None:
            return unknown, unknown.is_terminal
        status = self._table.get(word)
        if status is not None:
            if len(self.known) < _MOST_WORDS:
                self.known[word] = status, status.is_terminal
            return status, status.is_terminal
        if word not in self._warned and len(self._warned) < _MOST_WORDS:
            self._warned.add(word)
            _logger.warning(
                "%s: unknown %s status %r is taken for %s; the word is kept in vendor_status",
                self._provider,
                self._kind,
                mask_text(word)[:60],
                unknown.name,
            )
        return unknown, unknown.is_terminal
