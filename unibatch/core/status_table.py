"""Translation of a vendor's status words by a table."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Generic, TypeAlias, TypeVar, cast

from unibatch.core.masking import mask_text
from unibatch.core.model import fold
from unibatch.core.status import CallStatus, CampaignStatus

S = TypeVar("S", bound=CallStatus | CampaignStatus)

Word: TypeAlias = str | tuple[str, str]
"""A vendor's status word; or a pair of it and the reason that the vendor gives in a second field."""

_logger = logging.getLogger("unibatch")
_MOST_WORDS = 200  # bounds the memory and the log lines that a server costs which always sends new words
_SPELLINGS = {"canceled": "cancelled", "dialling": "dialing"}


def _normal(word: str) -> str:
    folded = fold(word)
    return _SPELLINGS.get(folded, folded)


def _normal_key(word: Word) -> Word:
    return _normal(word) if isinstance(word, str) else (_normal(word[0]), _normal(word[1]))


class StatusTable(Generic[S]):
    """A vendor's status words, each with its canonical status.

    A word is looked up without regard to case, hyphens, underscores, spaces, and American or British spelling.

    Where a vendor gives the status in two fields, a word and a reason, a key is a pair of both. The word alone is a key
    too, with the status for any other reason: vendors add new reasons at any time. ::

        StatusTable(
            {
                "done": CallStatus.COMPLETED,
                ("done", "line-busy"): CallStatus.BUSY,
                ("done", "error-*"): CallStatus.FAILED,
            }
        )

    A reason that ends with a star stands for all that begin like it; a longer one counts before a shorter one.

    Attributes:
        words: The table: every word that the vendor documents, in the vendor's spelling.
        unknown: The status for a word that is not in the table: ``UNKNOWN``.
    """

    def __init__(
        self, words: Mapping[Word, S], *, filterable: bool = False, not_filterable: Collection[str] = ()
    ) -> None:
        """Make a table.

        Args:
            words: The vendor's words, in its spelling; at least one.
            filterable: The vendor's own status filter takes these words.
            not_filterable: Words that it does not take all the same.
        """
        self.words = words
        self.unknown = cast("S", type(next(iter(words.values()))).UNKNOWN)
        self._normal = {_normal_key(word): status for word, status in self.words.items()}
        stars = [key for key in self._normal if isinstance(key, tuple) and key[1].endswith("*")]
        self._stars = sorted(stars, key=lambda key: len(key[1]), reverse=True)
        meanings: dict[str, set[S]] = {}
        for key, status in self.words.items():
            meanings.setdefault(key if isinstance(key, str) else key[0], set()).add(status)
        self._meanings = meanings
        self._filterable = meanings.keys() - {*not_filterable} if filterable else frozenset[str]()

    def get(self, word: str, reason: str | None = None) -> S | None:
        """The status for ``word``, or for ``word`` and ``reason`` where the table has the pair, or ``None``."""
        word = _normal(word)
        if reason is None:
            return self._normal.get(word)
        reason = _normal(reason)
        key: Word = (word, reason)
        if key not in self._normal:
            alike = (star for star in self._stars if star[0] == word and reason.startswith(star[1][:-1]))
            key = next(alike, word)
        return self._normal.get(key)

    def filter_word(self, wanted: frozenset[S]) -> str | None:
        """The word with which the vendor's filter selects exactly the statuses ``wanted``, or ``None``.

        There is one only if a single status is wanted, a single word of the vendor means it and nothing else, and the
        vendor's filter takes that word.
        """
        if len(wanted) != 1:
            return None
        words = [word for word, statuses in self._meanings.items() if statuses & wanted]
        if len(words) == 1 and self._meanings[words[0]] == wanted and words[0] in self._filterable:
            return words[0]
        return None

    def __iter__(self) -> Iterator[tuple[str, S]]:
        """The words as people read them, each with its status; a pair as ``"done (line-busy)"``."""
        for key, status in self.words.items():
            yield (key if isinstance(key, str) else f"{key[0]} ({key[1]})"), status


class StatusReader(Generic[S]):
    """Reads the status words that one client receives, and warns once of each word that is not in the table.

    Attributes:
        known: Words and pairs as they were received, each with its status and whether that is terminal; look here first
            on a hot path, since most words are here.
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
        self.known: dict[Word | tuple[str | None, str | None] | None, tuple[S, bool]] = {
            word: (status, status.is_terminal) for word, status in table.words.items()
        }
        self._warned: set[str] = set()

    def __call__(self, word: str | None, reason: str | None = None) -> S:
        """The canonical status for ``word``, and ``reason`` where the vendor gives one."""
        return (self.known.get(word if reason is None else (word, reason)) or self.read_anew(word, reason))[0]

    def read_all(self, words: Iterable[str | None]) -> tuple[list[S], list[bool]]:
        """The canonical statuses for the words of a page, and whether each is terminal."""
        known = self.known
        pairs = [known.get(word) or self.read_anew(word) for word in words]
        return [status for status, _ in pairs], [is_terminal for _, is_terminal in pairs]

    def read_anew(self, word: str | None, reason: str | None = None) -> tuple[S, bool]:
        """The canonical status for what is not among the `known`, and whether it is terminal."""
        unknown = self._table.unknown
        if word is None:
            return unknown, unknown.is_terminal
        status = self._table.get(word, reason)
        if status is not None:
            if len(self.known) < _MOST_WORDS:
                self.known[word if reason is None else (word, reason)] = status, status.is_terminal
            return status, status.is_terminal
        if word not in self._warned and len(self._warned) < _MOST_WORDS:
            self._warned.add(word)
            _logger.warning(
                "%s: unknown %s status %r is read as %s; the word is kept in vendor_status",
                self._provider,
                self._kind,
                mask_text(word)[:60],
                unknown.name,
            )
        return unknown, unknown.is_terminal
