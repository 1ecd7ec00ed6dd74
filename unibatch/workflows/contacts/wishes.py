"""Columns that say who must not be called: their headers, and what their cells mean."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

from unibatch.core.model import fold

_HEADERS = """
    do not call, don't call, do not contact, don't contact, do not phone, no call, no calls, no contact, not to call,
    never call, do not disturb, dnd, dnc, dncr, tps, ctps,
    opt out, opted out, optout, unsubscribe, unsubscribed, blocked, blocklist, blocklisted, blacklist,
    blacklisted, suppressed, suppression, stop calling, removed, call refused, declined calls,
    nicht anrufen, nicht kontaktieren, keine anrufe,
    gesperrt, sperrvermerk, sperrliste, robinsonliste, werbesperre, abgemeldet, widerspruch,
    ne pas appeler, ne pas contacter, ne plus appeler, désinscrit, désabonné, bloqué, liste rouge, bloctel,
    no llamar, no contactar, bloqueado, bloqueada, dado de baja, lista robinson,
    não ligar, não contactar, não contatar, não perturbe, descadastrado,
    non chiamare, non contattare, bloccato, disiscritto, opposizione,
    niet bellen, niet contacteren, geblokkeerd, afgemeld, bel me niet,
    nie dzwonić, nie dzwon, nie kontaktować, zablokowany, wypisany,
    ring inte, kontakta ikke, ring ikke, ikke ring, spærret, spärrad, älä soita, estetty,
    aramayın, engellendi, nevolat, nehívható, nu suna,
    не звонить, не беспокоить, заблокирован, отписан, отказ, не дзвонити,
    请勿致电, 勿拨, 勿扰, 拒接, 黑名单, 已退订, 架電禁止, 電話禁止, 電話不可, 수신거부, 전화금지,
    لا تتصل, محظور, לא להתקשר, חסום
"""  # noqa: RUF001 - Turkish is spelled so

_PERMISSIONS = """
    opt in, opted in, optin, consent, consented, call consent, consent to call, phone consent, gdpr consent,
    tcpa consent, may call, may be called, may we call, can call, can be called, ok to call, okay to call, call allowed,
    calls allowed, permission to call, call permission, callable, contactable,
    einwilligung, anruf erlaubt, anrufe erlaubt, darf angerufen werden, zustimmung,
    consentement, consentimiento, consenso, toestemming, zgoda
"""

_NOT_CALLS = frozenset(
    {"email", "mail", "mails", "emails", "sms", "text", "texts", "newsletter", "whatsapp", "fax", "post"}
)
"""Where a header names another channel, it does not speak of calls."""

_YES = """
    yes y true t 1 x on ja j wahr vrai oui o si s sim verdadero verdadeiro vero sí tak prawda igen ano da evet doğru
    kyllä ja yes да д истина так 是 有 对 はい 有り 예 네 y نعم כן ✓ ✔ ✅ ☑ ☒ ✗ ✘ ❌ ⛔ 🚫 ● • *
"""
_NO = """
    no n false f 0 off nein falsch non faux falso não nao nej nei nie nem ne hayır hayir yanlış ei нет н ложь ні
    0.0 optin optedin subscribed 否 无 無 不 いいえ 아니요 아니오 لا לא never ☐ □ ○
"""  # noqa: RUF001 - these are the signs
_NOTHING = "n/a #n/a none null nil na nan - – — ."  # noqa: RUF001 - signs, too
# "x" marks, and so does a cross or a sign: whoever set it meant something.


_find_words = re.compile(r"[^\W_]+").findall


def _words(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents and punctuation."""
    plain = text.casefold().replace("'", "")
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain.replace("\u0131", "i").replace("\u2019", ""))
        plain = "".join(char for char in plain if not unicodedata.combining(char))
    return tuple(_find_words(plain))


_SAID = tuple(said for phrase in _HEADERS.split(",") if (said := _words(phrase)))
_PHRASES = frozenset(_SAID)
_FLAT = frozenset("".join(words) for words in _SAID)
_YES_WORDS, _NO_WORDS = (frozenset(fold(word) for word in words.split()) for words in (_YES, f"{_NO} {_NOTHING}"))


_MAY_CALL = frozenset(_words(phrase) for phrase in _PERMISSIONS.split(","))
_REFUSED = (_NO_WORDS | frozenset({"withdrawn", "revoked", "declined", "denied", "refused"})) - {
    fold(word) for word in (*_NOTHING.split(), "optin", "optedin", "subscribed")
}


@functools.lru_cache(maxsize=1000)
def says_may_call(header: str) -> bool:
    """Whether a header means a column that says who may be called."""
    return _words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)) in _MAY_CALL or _words(header) in _MAY_CALL


def permits_nothing(value: Any) -> bool:
    """Whether a cell of such a column says no. An empty one says nothing, and a date or a remark may mean yes."""
    if isinstance(value, str):
        return fold(value).strip() in _REFUSED or says_do_not_call(value)
    return value is False or (isinstance(value, int | float) and value == 0)


def says_do_not_call(header: str) -> bool:
    """Whether a header means a column that says who must not be called."""
    words = _words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header))
    if _NOT_CALLS & set(words):
        return False
    if "".join(words) in _FLAT or "".join(_words(header)) in _FLAT:
        return True
    return any(
        words[start : start + len(said)] == said
        for said in _SAID
        if len(said) > 1 or not _ALONE.isdisjoint(said)
        for start in range(len(words) - len(said) + 1)
    )


_ALONE = frozenset(
    {"dnc", "optout", "unsubscribe", "unsubscribed", "blocked", "blocklist", "blocklisted", "blacklist", "blacklisted"}
)
"""What says it also beside other words, such as "DNC flag"."""

_LONGEST = 40
"""Characters of the longest cell that says nothing else."""


_NO_LETTERS = dict.fromkeys(code for code in range(128) if not chr(code).isalnum())


def is_refusal(cell: str) -> bool:
    """Whether a cell of any column says just that its person must not be called, such as "DNC" in a status."""
    if len(cell) > _LONGEST or (cell.isascii() and cell.lower().translate(_NO_LETTERS) not in _FLAT):
        return False  # nearly every cell
    words = _words(cell)
    return words in _PHRASES and (len(words) > 1 or not _ALONE.isdisjoint(words))


def must_not_be_called(value: Any) -> str | None:
    """Why a row must not be called, by the cell of its do-not-call column; ``None`` if it may be.

    Empty, no, false, 0 and their like in other languages mean that it may. Anything else means that it must not: what
    cannot be read, such as a date or a remark, was written by somebody who meant something.
    """
    if value is None or value is False or value == 0:
        return None
    if value is True or isinstance(value, int | float):
        return "says that it must not be called"
    text = fold(value).strip() if isinstance(value, str) else ""
    if isinstance(value, str) and (not text or text in _NO_WORDS):
        return None
    if text in _YES_WORDS or says_do_not_call(str(value)):
        return "says that it must not be called"
    return "holds neither yes nor no, so it is not called"
