"""What the state of a watch says of a contact: a short text, such as ``no_answer!/3``.

That is the third attempt, after which no other follows. ``queued/3~no_answer!/3`` is queued again, after that was told
as final. Where no attempts are counted, a digest of the call's id takes the place of their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

from unibatch.core.model import Contact
from unibatch.core.status import CallStatus

_FINAL = "!"
_TAKEN_BACK = "~"
_CALL_WORDS: Mapping[str, CallStatus] = {status.value: status for status in CallStatus}


def mark_of(contact: Contact) -> str:
    """The mark of a contact as it is now."""
    attempt = contact.attempts
    mark = f"{contact.status.value}{_FINAL}" if contact.is_final else contact.status.value
    if attempt is not None:
        return f"{mark}/{attempt}" if attempt else mark
    call_id = contact.call_id
    return mark if call_id is None or call_id == contact.id else f"{mark}/{crc32(call_id.encode(errors='replace')):x}"


def is_mark(mark: str) -> bool:
    """Whether a text can be one."""
    return all(part.partition("/")[0].removesuffix(_FINAL) in _CALL_WORDS for part in mark.split(_TAKEN_BACK, 1))


def split(mark: str | None) -> tuple[str | None, str | None]:
    """What a contact is now, and the result before that was told as final, and that the vendor took back."""
    if mark is None or _TAKEN_BACK not in mark:
        return mark, None
    now, _, before = mark.partition(_TAKEN_BACK)
    return now, before


def joined(mark: str, was_final: str | None) -> str:
    """The mark of a contact, and the result that the vendor took back, if there is one; see `split`."""
    return mark if was_final is None else f"{mark}{_TAKEN_BACK}{was_final}"


def is_final(mark: str) -> bool:
    """Whether the contact as it is now was called for the last time."""
    return _FINAL in mark.partition(_TAKEN_BACK)[0]


def is_same_result(was_final: str, mark: str) -> bool:
    """Whether a result that was taken back is there again: that of the same attempt."""
    return mark == was_final or without_news(was_final, mark) is not None


def status_of(mark: str) -> CallStatus:
    """The status that a mark says."""
    return _CALL_WORDS[mark.partition(_TAKEN_BACK)[0].partition("/")[0].removesuffix(_FINAL)]


def without_news(old: str, new: str) -> str | None:
    """The mark that says most, if both say the same, but for one that does not say which attempt it is."""
    was, _, before = old.partition("/")
    now, _, after = new.partition("/")
    return max(old, new, key=len) if was == now and not (before and after) else None


def is_other_attempt(old: str, new: str) -> bool:
    """Whether both say which attempt they are of, and it is another one."""
    before, after = old.partition("/")[2], new.partition("/")[2]
    return bool(before and after and before != after)


def is_step_back(old: str, new: str) -> bool:
    """Whether a contact that was called for the last time is to be called again, and no other attempt shows it."""
    return is_final(old) and not is_final(new) and not is_other_attempt(old, new)
