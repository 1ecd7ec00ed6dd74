"""Reads a cell or a text strictly: one phone number and nothing else, or what it holds instead.

``phonenumbers`` is lenient: it turns letters into digits, and drops words, extensions and second numbers. So it only
gets what passed here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from unibatch.core.base_errors import InvalidInput
from unibatch.core.masking import mask_phone

PREFIXES = (
    *("tel", "tél", "telephone", "téléphone", "telefon", "telefono", "teléfono", "telefone", "phone", "тел"),
    *("mobile", "mobil", "móvil", "mob", "моб", "cell", "cellphone", "celular", "cellulare", "gsm", "handy"),
    *("电话", "電話", "手机", "手機", "携帯", "携帯電話"),
)
"""The only words that may stand in front of a number, perhaps with ``no.``, a dot or a colon behind them.

They say that what follows is a phone number, and nothing about the person. ``fax``, ``work`` or ``whatsapp`` say more.
"""

TRUNK_MARK = "(0)"
"""Says that a country code stands in front of it, and that the zero is only dialled within the country."""

_LONGEST = 64
_DASHES = "\u2212\u30fc\u2043"  # the minus, the Japanese long sound, the bullet; all others have the category Pd
_PLUSES = "\ufe62\u207a\u208a\u2795"
_HANDSETS = "\u260e\u260f\u2706\U0001f4de\U0001f4f1"


class _Plain(dict[int, str]):
    """Translates digits, blanks, dashes, plus signs and brackets of any script; takes away what is invisible.

    Only decimal digits are digits: the small 2 of a footnote is not.
    """

    def __missing__(self, code: int) -> str:
        char = chr(code)
        category = unicodedata.category(char)
        if category == "Nd":
            plain = str(unicodedata.decimal(char))
        elif char in "\n\r\v\f\x85\u2028\u2029":
            plain = "\n"
        elif (char.isspace() and category != "Cc") or char == "\t":
            plain = " "
        elif category == "Cf" or "\ufe00" <= char <= "\ufe0f":
            plain = ""
        elif category == "Pd" or char in _DASHES:
            plain = "-"
        elif char in _PLUSES:
            plain = "+"
        elif "\uff01" <= char <= "\uff5e":  # the wide form of an ASCII character
            plain = self[code - 0xFEE0]
        else:
            plain = {"[": "(", "]": ")"}.get(char, char)
        self[code] = plain
        return plain


_PLAIN = _Plain()

_BARE = re.compile(r"\+?[0-9]+").fullmatch
_USUAL = re.compile(
    r"(?![0-9]{1,4}-[0-9]{1,2}-)(?!.* \(?0[0-9 ()-]{6})\+?(?:[0-9]+ )?(?:\([0-9]{2,6}\)[ -]?)?[0-9]+(?:[ -][0-9]+)*"
).fullmatch
"""What most numbers look like, and nothing that `_OF_FORM` refuses: it spares them the rest."""
_FORMULA = re.compile(r'="(.*)"').fullmatch
_QUOTES = "'`\"\u00b4\u2018\u2019\u201c\u201d "
_PREFIX = re.compile(
    rf"(?:(?:{'|'.join(PREFIXES)})(?:[. ]*(?:no|nr|number))?(?:[.: ]+|(?=[+(]))|[{_HANDSETS}] ?)(?=[+(0-9])",
    re.IGNORECASE,
)
_WHOLE_FRACTION = re.compile(r"(\+?[1-9](?:[0-9]{6,})(?=[.,]0$|[0-9]*(?<=[0-9]{9})[.,]00$))[.,]00?").fullmatch
_SCIENTIFIC = re.compile(r"(\+?)([1-9])(?:[.,]([0-9]+))?E\+?([0-9]{1,3})", re.IGNORECASE).fullmatch
_FORM = re.compile(r"[(]?(?:\+ ?)?[ (]*[0-9](?:[ ().\-/]{0,4}[0-9])*[)]?\.?").fullmatch
_BRACKETS = re.compile(r"[^()]*(?:\([^()]*\)[^()]*)*").fullmatch
_NO_SIGNS = dict.fromkeys(map(ord, " ()-"))
_NO_DIGIT = re.compile(r"[^0-9]+")
_MARKED = re.compile(r"(\+?)\(?(?:\+ ?)?([1-9][0-9]{0,2})\)?[ .-]?\(0\)(.*)").fullmatch

_DAY, _YEAR = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:19|20)[0-9]{2}"
_AREA = r"""(?:(?:\+[ ]?|00)[1-9][0-9]{0,2}[ ]?-?(?:\(0\)[ ]?)?(?:\(?[0-9]{1,5}\)?)?  # +49 30, 0049 (0)30
              |\(?0[0-9]{1,5}\)?                                                       # 030
              |\(?[1-9][0-9]{1,3}\)?)"""  #                                              212
"""A country code, an area code, or both: what may stand before a slash."""

_Faults: TypeAlias = Callable[[], tuple[tuple[re.Pattern[str], str], ...]]


def _faults(*pairs: tuple[str, str]) -> _Faults:
    """A function that returns patterns and reasons; the patterns are compiled when they are first needed."""

    @cache
    def faults() -> tuple[tuple[re.Pattern[str], str], ...]:
        return tuple((re.compile(pattern, re.VERBOSE | re.IGNORECASE), reason) for pattern, reason in pairs)

    return faults


_MANY = "it holds more than one number; give one a row"
_DATE = (
    rf"""(?:{_YEAR}([-./]){_DAY}\1{_DAY}|{_DAY}([-./]){_DAY}\2(?:{_YEAR}|[0-9]{{2}}))
        (?:T.*|[ ][0-9]{{1,2}}:.*)?$""",
    "it is a date",
)
_AMOUNT = (
    r"""(?:0|[1-9][0-9]*)[.,][0-9]+$|[1-9][0-9]{0,2}(?:[ ][0-9]{3})+[.,][0-9]{1,2}$|.*[$€£¥₹₽₺₩]
        |[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?$|[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]+$""",
    "it is a decimal number or an amount of money",
)
_OF_FORM = _faults(
    _DATE,
    _AMOUNT,
    (rf"(?!{_AREA}[ ]?/[ ]?[1-9][ .-]?(?:[0-9][ .-]?){{2,}}$).*/", _MANY),
    (rf"(?!{_AREA}[ ]-[ ])(?:[^0-9]*[0-9]){{6,}}[)]?[ ]-[ ](?:[^0-9]*[0-9]){{6,}}", _MANY),
    (r"\(?0(?:[^0-9]?[0-9]){6,}[ ]\(?0(?:[^0-9]?[0-9]){6,}", _MANY),
    (r"[1-9][0-9]?\.[ ]", "it begins with the number of a list; write the digits of the phone number only"),
)
"""What a text may be that looks like a number: the first that fits is the reason."""

_OTHERS = _faults(
    (r".*\n", "it goes over more than one line; give one number a row"),
    (
        r"(?:\#|//|/\*|--|;|%|<!--|rem\b)(?=(?:[^0-9]*[0-9]){4})",
        "it is commented out; remove the mark if it is to be called",
    ),
    _DATE,
    (r"[0-9]{1,2}:[0-9]{2}\b", "it is a time"),
    _AMOUNT,
    (
        r"""(?!.*[,;][ ]?(?:[0-9][ ]?){7,}$).*[0-9][ ()]*
            (?:;?ext|ext(?:ensio)?n|xt?|durchwahl|dw|poste|anexo|доб|[pw]|[#,;~]+)[.:= ]*[0-9]{1,6}[ )]*$""",
        "it has an extension, which cannot be dialled; give a number that rings without one",
    ),
    (r".*?(?:[0-9][ ().-]*){5}[^a-z]*?[^0-9 ().-].*?(?:[0-9][ ().-]*){5}", _MANY),
    (
        r"(?=.*[0-9]).*[^\W\d_²³¹]",
        "it holds letters, which cannot be dialled; write the number alone if it is to be called",
    ),
    (r".*[0-9]", "it holds signs that belong to none; write digits, blanks and dashes only"),
)
"""What any other text may be."""


def plain(text: str) -> str:
    """Read a text that must be one phone number and nothing else.

    The rules:

    - Digits, blanks, dashes and plus signs may be of any script; invisible characters are left out. Quotes around, an
      apostrophe in front, ``="…"`` and one of `PREFIXES` in front are taken away. No other letter may occur, before
      or behind the number: neither words, nor an extension, nor letters that stand for digits.
    - A number as a spreadsheet writes it, ``2125550123.0`` or ``2.125550123E+09``, is read if no digit was lost.
    - Between the digits may be blanks, dashes, dots and closed brackets. A slash may only stand behind the area code.
    - Two numbers, dates, times, decimal numbers, amounts and what is commented out are refused as such.

    Returns:
        ASCII digits, perhaps with a plus in front, and with `TRUNK_MARK` behind the country code where it was there.

    Raises:
        InvalidInput: The text is something else; the message masks it and says what.
    """
    if len(text) <= _LONGEST and _USUAL(text):
        return text.translate(_NO_SIGNS)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = text.translate(_PLAIN).strip(" \n")
    if formula := _FORMULA(text):
        text = formula[1]
    text = text.strip(_QUOTES).lstrip("=" + _QUOTES)
    if not text:
        raise InvalidInput("there is no phone number")
    if len(text) > _LONGEST:
        raise InvalidInput(f"{len(text):,} characters are no phone number")
    if "  " in text:
        text = re.sub(" +", " ", text)
    shown = text.replace("\n", " ")
    if prefix := _PREFIX.match(text):
        text = text[prefix.end() :]
    if whole := _WHOLE_FRACTION(text):
        return whole[1]
    if number := _SCIENTIFIC(text):
        plus, first, rest, exponent = number.groups(default="")
        if len(first + rest) != int(exponent) + 1:
            raise InvalidInput(
                f"{mask_phone(shown)} has lost digits in a spreadsheet; format the column as text and enter it again"
            )
        return plus + first + rest
    if not _BARE(text):
        faults = _OF_FORM if _FORM(text) and _BRACKETS(text) else _OTHERS
        fault = next((f": {reason}" for pattern, reason in faults() if pattern.match(text)), "")
        if fault or faults is _OTHERS:
            raise InvalidInput(f"{mask_phone(shown)} is not a phone number{fault}")
    plus = "+" if "+" in text else ""
    if TRUNK_MARK in text and (marked := _MARKED(text)):
        return plus + marked[2] + TRUNK_MARK + _NO_DIGIT.sub("", marked[3])
    return plus + _NO_DIGIT.sub("", text)
