"""Lists of contacts as people have them: CSV of any kind, JSON Lines, Python iterables.

Every row ends in one of three places: a contact, a rejected row with its reason, or a repetition of an earlier row's
number. Bad rows never raise; a source that cannot be used as a whole does.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import tempfile
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Literal, cast

import attrs

from unibatch.core.draft import ContactDraft
from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_phone, mask_text
from unibatch.core.model import fold
from unibatch.core.phone import from_user

Format = Literal["csv", "jsonl"]

SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "phone_number": (
            "phone_number",
            *("phone", "phone no", "phone nr", "phone num", "phone 1", "phone 1 - value", "primary phone"),
            *("telephone", "telephone number", "telephone no", "tel", "tel no", "tel nr", "tel number"),
            *("mobile", "mobile number", "mobile no", "mobile phone", "mobile phone number"),
            *("cell", "cell number", "cell phone", "cell phone number", "cellular"),
            *("msisdn", "e164", "contact number", "contact phone", "contact no", "customer phone", "phone e164"),
            *("home phone", "work phone", "business phone", "office phone", "caller number", "called number"),
            *("to", "to number", "number", "destination", "destination number", "whatsapp", "whatsapp number"),
            *("telefon", "telefonnummer", "telefonnr", "tel nummer", "rufnummer", "handy", "handynummer", "handynr"),
            *("mobil", "mobilnummer", "mobilnr", "mobiltelefon", "mobilfunk", "mobilfunknummer", "nummer"),
            *("teléfono", "número de teléfono", "número", "móvil", "teléfono móvil", "celular", "teléfono celular"),
            *("téléphone", "numéro de téléphone", "numéro", "portable", "téléphone portable", "tél", "tél portable"),
            *("telefono", "numero di telefono", "numero", "cellulare", "numero cellulare", "recapito telefonico"),
            *("telefone", "número de telefone", "telemóvel", "telefoonnummer", "telefoon", "mobiel", "gsm"),
            *("numer telefonu", "telefon komórkowy", "komórka", "telefon numarası", "cep telefonu", "puhelin"),  # noqa: RUF001 - it is spelled so
            *("puhelinnumero", "telefonszám", "телефон", "номер телефона", "мобильный", "मोबाइल", "फ़ोन"),
            *(
                "电话",
                "電話",
                "手机",
                "手機",
                "电话号码",
                "電話番号",
                "手机号",
                "携帯",
                "携帯電話",
                "전화번호",
                "휴대폰",
            ),
            *("هاتف", "رقم الهاتف", "جوال", "טלפון"),
        ),
        "name": (
            *("name", "full name", "contact name", "customer name", "client name", "lead name", "display name"),
            *("contact", "person", "vollständiger name", "nombre completo", "nombre y apellidos", "nom complet"),
            *(
                "nom et prénom",
                "nombre",
                "nome completo",
                "nome",
                "naam",
                "имя",
                "имя и фамилия",
                "姓名",
                "氏名",
                "이름",
            ),
        ),
        "first_name": (
            *("first_name", "first", "given name", "forename", "fname", "customer first name", "contact first name"),
            *("vorname", "prénom", "primer nombre", "primeiro nome", "voornaam", "imię", "förnamn", "fornavn", "名"),
        ),
        "last_name": (
            *("last_name", "last", "surname", "family name", "lname", "customer last name", "contact last name"),
            *("nachname", "familienname", "nom de famille", "nom", "apellidos", "apellido", "cognome", "sobrenome"),
            *("achternaam", "nazwisko", "efternamn", "etternavn", "фамилия", "姓"),
        ),
        "email": (
            *("email", "email address", "mail", "mail address", "contact email", "customer email", "email 1"),
            *("e-mail 1 - value", "e-mail-adresse", "mailadresse", "correo", "correo electrónico", "courriel"),
            *("adresse e-mail", "adresse email", "posta elettronica", "электронная почта", "邮箱", "メール"),
        ),
        "external_id": (
            *("external_id", "id", "contact id", "customer id", "client id", "lead id", "record id", "user id"),
            *("external ref", "external reference", "reference", "reference id", "ref", "crm id", "customer number"),
            *("customer no", "kundennummer", "kundennr", "kunden-id", "kunden id", "id cliente", "id client"),
        ),
    }
)
"""For each attribute of `ContactDraft`, the headers that are taken for it, the best first.

Case, accents, blanks and punctuation are disregarded.
"""

LINE_COLUMN = "unibatch_line"
REASON_COLUMN = "unibatch_reason"
TEXT_COLUMN = "unibatch_text"
"""Holds what could not be read as columns at all."""
_OWN_COLUMNS = frozenset({LINE_COLUMN, REASON_COLUMN, TEXT_COLUMN})

_LEFT_OUT = "-"
_NESTED = "fields"
_CUSTOM = "fields."

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_BLANK = " \t\r\n\v\f\u0085\u00a0\u1680\u2007\u2009\u200a\u202f\u205f\u3000\u2028\u2029" + _INVISIBLE
_NO_INVISIBLE = dict.fromkeys(map(ord, _INVISIBLE))
_PUNCTUATION = re.compile(r"[\W_]+")

_FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_SCIENTIFIC = re.compile(r"(?P<plus>\+?)(?P<first>[0-9])(?:[.,](?P<rest>[0-9]+))?[eE]\+?(?P<exponent>[0-9]{1,3})")
_WHOLE_FRACTION = re.compile(r"(\+?[0-9]{7,})[.,]0{1,2}")
_NOT_DIALLED = re.compile(r"[\d+].*?(?:[^\W\d_]|[#,;*])", re.DOTALL)
_LOOKS_LIKE_A_PHONE = re.compile(r"[+(]*(?:[0-9][ ()./-]*){7,}")
_LONGEST_PHONE = 64
_MOST_DIGITS = 15

_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|:~^])"?\s*', re.IGNORECASE)
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_LINES = 100
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

_FORMATS: Mapping[str, Format | None] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_MAGIC = {
    b"PK\x03\x04": "is a workbook or an archive",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook",
    b"%PDF": "is a PDF document",
    b"\x1f\x8b": "is compressed",
}
_BOMS = {BOM_UTF8: "utf-8-sig", BOM_UTF16_LE: "utf-16", BOM_UTF16_BE: "utf-16"}
_CHUNK = 1 << 20
_IN_MEMORY = 8 << 20


def _mapping(alias: str) -> Any:
    """A mapping of which a copy is kept, and which takes no part in hashing."""
    return attrs.field(factory=dict, alias=alias, converter=dict, repr=False, hash=False)


def _counted(items: tuple[Any, ...]) -> str:
    return f"<{len(items)}>"


@attrs.frozen
class RejectedRow:
    """A row that is no contact.

    Attributes:
        line: The line of the file in which the row begins, 1 for the first; for an iterable or a JSON array, the number
            of the item.
        reason: Why, with phone numbers masked.
        row: What the row holds, by header; of CSV without empty cells and the blanks around others. Read-only.
    """

    line: int
    reason: str
    _row: Mapping[str, Any] = _mapping("row")

    @property
    def row(self) -> Mapping[str, Any]:
        """What the row holds, by header. Read-only."""
        return MappingProxyType(dict(self._row))


@attrs.frozen
class RepeatedRow:
    """A row whose number an earlier row has already; it was left out.

    Attributes:
        line: The line in which the row begins.
        first_line: The line of the row that was kept.
        contact: What was left out.
    """

    line: int
    first_line: int
    contact: ContactDraft


@attrs.frozen(kw_only=True)
class ContactList:
    """What was read from one source. Each row is a contact, rejected, or repeated.

    It cannot be iterated itself, so that nobody overlooks ``rejected``.

    Attributes:
        contacts: The contacts in the order of the source, each number once.
        rejected: The rows that are no contacts, and why.
        repeated: The rows whose number an earlier row has already.
        columns: Where each column went, by its header: an attribute such as ``"phone_number"``, custom data such as
            ``"fields.Company"``, or ``"-"`` if it was left out. Read-only.
    """

    contacts: tuple[ContactDraft, ...] = attrs.field(repr=_counted)
    rejected: tuple[RejectedRow, ...] = attrs.field(default=(), repr=_counted)
    repeated: tuple[RepeatedRow, ...] = attrs.field(default=(), repr=_counted)
    _columns: Mapping[str, str] = _mapping("columns")

    @property
    def columns(self) -> Mapping[str, str]:
        """Where each column went, by its header. Read-only."""
        return MappingProxyType(dict(self._columns))

    def write_rejected(self, path: str | os.PathLike[str]) -> None:
        """Write the rejected rows to a CSV file, so that a person can correct it and `read_contacts` can read it again.

        Its columns are ``unibatch_line``, ``unibatch_reason`` and those of the source. The first two are left out when
        it is read again. It is UTF-8 with a byte order mark, because Excel takes a CSV file without one for the local
        code page and spoils names. Cells are the user's own data and stay as they are; what is no text is written as
        JSON. The file appears as a whole or not at all, and replaces one of the same name.

        Args:
            path: The file to write.

        Raises:
            InvalidInput: The file cannot be written.
        """
        rows = [_flat(rejected.row) for rejected in self.rejected]
        headers = dict.fromkeys(
            header
            for row in ([header for header in self._columns if header != _NESTED], *rows)
            for header in row
            if header not in _OWN_COLUMNS or header == TEXT_COLUMN
        )
        try:
            target = Path(path).resolve()
            if target.exists() and not target.is_file():
                raise InvalidInput(f"cannot write {path}: it is not a file")
            handle, name = tempfile.mkstemp(prefix=".unibatch-", suffix=".csv", dir=target.parent)
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
                    writer = csv.writer(file)
                    writer.writerow([LINE_COLUMN, REASON_COLUMN, *headers])
                    for rejected, row in zip(self.rejected, rows, strict=True):
                        cells = (_cell(row.get(header)) for header in headers)
                        writer.writerow([rejected.line, rejected.reason, *cells])
                temporary.replace(target)
            except BaseException:
                with suppress(OSError):
                    temporary.unlink()
                raise
        except OSError as exc:
            raise InvalidInput(f"cannot write {path}: {exc.strerror or exc}") from exc


def read_contacts(
    source: str | os.PathLike[str] | IO[str] | IO[bytes] | Iterable[Mapping[str, Any] | ContactDraft | str],
    *,
    region: str | None = None,
    columns: Mapping[str, str] | None = None,
    format: Format | None = None,  # noqa: A002 - the word that people look for
) -> ContactList:
    """Read contacts, bring their phone numbers into E.164 form, and leave out repeated numbers.

    A CSV file may have any delimiter, be in UTF-8, UTF-16 with byte order mark or Windows-1252, and have Excel's
    peculiarities. Its first row holds the headers. All its values are text; empty cells are left out, and a column that
    has content but no header is custom data under ``column 4`` or the like. In JSON Lines and in iterables of mappings
    custom values keep their types, and may also stand in a mapping under ``fields``. A ``.json`` file may hold an
    array.

    Args:
        source: The path of a file (``.csv``, ``.tsv``, ``.txt``, ``.jsonl``, ``.ndjson``; others are judged by what
            they begin with), an open stream, or an iterable of mappings, of `ContactDraft` objects or of phone
            numbers.
        region: The ISO 3166 country code of phone numbers in national form, for example ``"US"``.
        columns: For a header, where its column goes: the name of an attribute of `ContactDraft`, ``"fields.NAME"`` or
            any other name for custom data, or ``""`` or ``"-"`` to leave it out. Other columns are guessed by their
            headers; those that stand for no attribute are custom data.
        format: ``"csv"`` or ``"jsonl"``, whatever the file is called.

    Returns:
        The contacts, the rejected rows, the repeated rows, and where each column went.

    Raises:
        InvalidInput: The source cannot be used as a whole, it is not clear which column is the phone number, or an
            argument makes no sense.
    """
    if format not in (None, "csv", "jsonl"):
        raise InvalidInput(f'format must be "csv" or "jsonl", not {format!r}')
    collected = _Collected(region=_checked_region(region), wanted=_checked_columns(columns))
    if isinstance(source, str | os.PathLike) or hasattr(source, "read"):
        _read_file(cast("Any", source), format, collected)
    else:
        collected.take_items(enumerate(_items(source), 1))
    return collected.result()


def _checked_region(region: Any) -> str | None:
    if region is None:
        return None
    import phonenumbers  # noqa: PLC0415 - takes long to import

    code = region.strip().upper() if isinstance(region, str) else ""
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(f"region {region!r} is none: use a two-letter ISO 3166 country code, such as US, GB or IN")
    return code


def _checked_columns(columns: Any) -> Mapping[str, str]:
    """The wanted targets in the form in which they are shown."""
    if columns is None:
        return {}
    if not isinstance(columns, Mapping):
        raise InvalidInput(f"columns must be a mapping of headers to names, not {type(columns).__name__}")
    wanted: dict[str, str] = {}
    for header, name in columns.items():
        if not isinstance(header, str) or not isinstance(name, str):
            raise InvalidInput(f"columns must map texts to texts, not {header!r} to {name!r}")
        target = name.strip()
        if target in {"", _LEFT_OUT}:
            target = _LEFT_OUT
        elif target in {_NESTED, _CUSTOM}:
            raise InvalidInput(f"columns: {header!r} needs a name for its custom data, such as fields.company")
        elif target not in SYNONYMS and not target.startswith(_CUSTOM):
            target = _CUSTOM + target
        key = header.strip(_BLANK)
        if key in wanted:
            raise InvalidInput(f"columns names {key!r} twice")
        if target != _LEFT_OUT and target in wanted.values():
            raise InvalidInput(f"columns sends two columns to {target}")
        wanted[key] = target
    return wanted


def _simple(header: str) -> str:
    """A header without case, accents, blanks and punctuation."""
    plain = unicodedata.normalize("NFKD", fold(header).replace("\u0131", "i"))  # a Turkish i has no dot to take away
    return _PUNCTUATION.sub("", plain)


_KNOWN = {attribute: tuple(dict.fromkeys(map(_simple, words))) for attribute, words in SYNONYMS.items()}
_KNOWN_PHONES = frozenset(_KNOWN["phone_number"])


def _named(headers: Iterable[str]) -> str:
    return ", ".join(repr(mask_text(header)) for header in headers)


def _match(wanted: str, headers: Sequence[str]) -> str | None:
    if wanted in headers:
        return wanted
    alike = [header for header in headers if fold(header) == fold(wanted)]
    return alike[0] if len(alike) == 1 else None


@attrs.define
class _Collected:
    """What has been read so far."""

    region: str | None
    wanted: Mapping[str, str]
    contacts: list[ContactDraft] = attrs.field(factory=list)
    rejected: list[RejectedRow] = attrs.field(factory=list)
    repeated: list[RepeatedRow] = attrs.field(factory=list)
    columns: dict[str, str] = attrs.field(factory=dict)
    _first_lines: dict[str, int] = attrs.field(factory=dict)
    _targets: dict[tuple[str, ...], dict[str, str]] = attrs.field(factory=dict)

    def result(self) -> ContactList:
        return ContactList(
            contacts=tuple(self.contacts),
            rejected=tuple(self.rejected),
            repeated=tuple(self.repeated),
            columns=self.columns,
        )

    def targets(self, headers: Sequence[str], *, nested: bool) -> dict[str, str]:
        """Where each of the headers goes.

        Args:
            headers: The headers, each once.
            nested: A mapping under ``fields`` holds custom data.

        Raises:
            InvalidInput: Two columns go to the same place.
        """
        targets: dict[str, str] = {}
        for wanted, target in self.wanted.items():
            header = _match(wanted, headers)
            if header is not None:
                if header in targets:
                    raise InvalidInput(f"columns names the column {header!r} twice")
                targets[header] = target
        chosen = set(self.wanted.values())
        for header in headers:
            if header not in targets and header in _OWN_COLUMNS:
                targets[header] = _LEFT_OUT
            elif header not in targets and nested and header == _NESTED:
                targets[header] = _NESTED
        simple = {header: _simple(header) for header in headers if header not in targets}
        for attribute, words in _KNOWN.items():
            if attribute in chosen:
                continue
            claims = [header for word in words for header in simple if simple[header] == word]
            if attribute == "phone_number" and len(claims) > 1 and attribute not in claims:
                raise InvalidInput(
                    f"{len(claims)} columns look like the phone number: {_named(claims)}; say which one it is with "
                    f'columns={{{claims[0]!r}: "phone_number"}} (--map "{claims[0]}=phone_number")'
                )
            if claims:
                best = attribute if attribute in claims else claims[0]
                targets[best] = attribute
                del simple[best]
        for header in simple:
            targets[header] = header if header.startswith(_CUSTOM) and header != _CUSTOM else _CUSTOM + header
        places: dict[str, str] = {}
        for header, target in targets.items():
            if target != _LEFT_OUT and places.setdefault(target, header) != header:
                raise InvalidInput(
                    f"the columns {_named((places[target], header))} both go to {target}; "
                    "rename one of them, or map it (columns=, --map)"
                )
        return {header: targets[header] for header in headers}

    def check_headers(self, headers: Sequence[str], targets: Mapping[str, str]) -> None:
        """Check that all that was wanted is there, and a phone number.

        Raises:
            InvalidInput: It is not.
        """
        missing = [wanted for wanted in self.wanted if _match(wanted, headers) is None]
        if missing:
            raise InvalidInput(f"there is no column {_named(missing)}; there are {_named(headers)}")
        if "phone_number" not in targets.values():
            raise InvalidInput(
                f"no column looks like the phone number; there are {_named(headers)}; "
                'say which one it is with columns={"HEADER": "phone_number"} (--map HEADER=phone_number)'
            )

    def take_items(self, items: Iterable[tuple[int, Any]]) -> None:
        """Take what is no CSV: mappings, drafts, phone numbers, or errors that say what is wrong with a row."""
        for line, item in items:
            if isinstance(item, RejectedRow):
                self.rejected.append(item)
                continue
            if isinstance(item, str):
                row: Mapping[Any, Any] = {"phone_number": item}
            elif isinstance(item, ContactDraft):
                row = {name: value for name in SYNONYMS if (value := getattr(item, name)) is not None}
                row = {**row, _NESTED: item.fields} if item.fields else row
            elif isinstance(item, Mapping):
                row = item
            else:
                kind = type(item).__name__
                self.reject(line, f"expected a mapping of columns to values, got {kind}", {TEXT_COLUMN: item})
                continue
            if not all(isinstance(key, str) for key in row):
                self.reject(line, "the name of a column is not a text", {str(key): row[key] for key in row})
                continue
            keys = tuple(row)
            targets = self._targets.get(keys)
            if targets is None:
                targets = self._targets[keys] = self.targets(keys, nested=True)
                self.columns.update(targets)
            self.take(line, row, targets)
        if self._targets:
            self.check_headers(tuple(self.columns), self.columns)

    def reject(self, line: int, reason: str, row: Mapping[str, Any]) -> None:
        self.rejected.append(RejectedRow(line, reason, row))

    def take(self, line: int, row: Mapping[str, Any], targets: Mapping[str, str]) -> None:
        """Make a contact of a row, or reject it with all that is wrong with it."""
        values: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        reasons: list[str] = []
        for header, value in row.items():
            target = targets[header]
            if target == _LEFT_OUT:
                continue
            try:
                if target == _NESTED:
                    nested = _nested(value)
                    if twice := nested.keys() & custom.keys():
                        raise InvalidInput(f"custom data twice: {_named(sorted(twice))}")  # noqa: TRY301
                    custom |= nested
                elif target.startswith(_CUSTOM):
                    if target[len(_CUSTOM) :] in custom:
                        raise InvalidInput(f"custom data twice: {_named([header])}")  # noqa: TRY301
                    custom[target[len(_CUSTOM) :]] = value
                elif target == "phone_number":
                    values[target] = _phone(value, self.region)
                else:
                    values[target] = _text(target, value)
            except InvalidInput as exc:
                reasons.append(str(exc))
                values.setdefault(target, None)
        if "phone_number" not in values:
            reasons.insert(0, "there is no phone number")
        try:
            json.dumps((values, custom), ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            reasons.append("a text holds half a character (a lone surrogate)")
        except (ValueError, TypeError, RecursionError) as exc:
            reasons.append(f"custom data must be what JSON can hold ({mask_text(str(exc))})")
        if reasons:
            self.reject(line, "; ".join(reasons), row)
            return
        contact = ContactDraft(**values, fields=custom)
        first = self._first_lines.setdefault(contact.phone_number, line)
        if first == line:
            self.contacts.append(contact)
        else:
            self.repeated.append(RepeatedRow(line, first, contact))


def _nested(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise InvalidInput("fields must be a mapping of names to values")
    return dict(value)


def _text(attribute: str, value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool) and attribute == "external_id":
        try:
            return str(value)
        except ValueError as exc:
            raise InvalidInput("external_id is too long") from exc
    if value is None or isinstance(value, str):
        return value if value and value.strip(_BLANK) else None
    raise InvalidInput(f"{attribute} must be a text, not {type(value).__name__}")


def _phone(value: Any, region: str | None) -> str:
    """The phone number of a row in E.164 form, whatever a spreadsheet made of it."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 < value < 10**_MOST_DIGITS:
            raise InvalidInput(f"a phone number has up to {_MOST_DIGITS} digits and no sign")
        value = str(value)
    if value is None:
        raise InvalidInput("there is no phone number")
    if not isinstance(value, str):
        raise InvalidInput(f"the phone number must be a text, not {type(value).__name__}")
    text = value.strip(_BLANK)
    if not text.isascii():
        text = text.translate(_NO_INVISIBLE)
    if formula := _FORMULA_TEXT.fullmatch(text):
        text = formula[1]
    text = text.lstrip("='`\u2018\u2019").strip(_BLANK)
    if not text:
        raise InvalidInput("there is no phone number")
    if len(text) > _LONGEST_PHONE:
        raise InvalidInput(f"{len(text):,} characters are no phone number")
    if "\n" in text or "\r" in text:
        raise InvalidInput("the phone number goes over more than one line; give one number a row")
    if number := _WHOLE_FRACTION.fullmatch(text):
        text = number[1]
    elif number := _SCIENTIFIC.fullmatch(text):
        digits = number["first"] + (number["rest"] or "")
        if len(digits) != int(number["exponent"]) + 1:
            raise InvalidInput(
                f"{mask_phone(text)} has lost digits in a spreadsheet; format the column as text and enter it again"
            )
        text = number["plus"] + digits
    elif _NOT_DIALLED.search(text):
        raise InvalidInput(
            f"{mask_phone(text)} holds letters, an extension or a second number, which cannot be dialled"
        )
    return from_user(text, region=region)


def _items(source: Any) -> Iterable[Any]:
    if isinstance(source, bytes | bytearray | memoryview):
        raise InvalidInput("contacts were given as bytes; wrap them in io.BytesIO, or give the path of a file")
    if isinstance(source, Mapping):
        raise InvalidInput("one mapping is one contact; give a list of mappings")
    if isinstance(source, Iterable):
        return source
    raise InvalidInput(f"contacts must be a path, a stream or an iterable, not {type(source).__name__}")


def _read_file(source: Any, form: Format | None, collected: _Collected) -> None:
    is_path = isinstance(source, str | os.PathLike)
    name = str(source) if is_path else getattr(source, "name", None)
    label = str(name) if isinstance(name, str) and name else "the source of contacts"
    if is_path and "\n" in label:
        raise InvalidInput("the path of a file has a line break; if it is the contacts themselves, use io.StringIO")
    with ExitStack() as stack:
        stack.enter_context(_translated(label))
        text, encoding = _text_of(source, label, stack)
        lines = _Lines(text, label)
        start = lines.peek(_SAMPLE_LINES)
        head = next((line.strip(_BLANK) for line in start if line.strip(_BLANK)), "")
        if not head:
            raise InvalidInput(f"{label} is empty")
        form = form or _FORMATS.get(Path(label).suffix.lower())
        is_array = form is None and head.startswith("[")
        if form is None:
            form = "jsonl" if head[0] in "[{" else "csv"
        if form == "csv":
            _read_csv(lines, start, collected, label)
            return
        if encoding == "cp1252":
            raise InvalidInput(f"{label} is not UTF-8, which JSON must be")
        collected.take_items(_array(lines, label) if is_array else _json_lines(lines))


@contextmanager
def _translated(label: str) -> Iterator[None]:
    try:
        yield
    except InvalidInput:
        raise
    except OSError as exc:
        raise InvalidInput(f"cannot read {label}: {exc.strerror or exc}") from exc
    except UnicodeError as exc:
        raise InvalidInput(
            f"{label} is not in UTF-8 nor in another encoding that can be told; save it as UTF-8"
        ) from exc


def _text_of(source: Any, label: str, stack: ExitStack) -> tuple[Iterable[str], str | None]:
    """The source as text, and the encoding if that had to be found out."""
    if isinstance(source, str | os.PathLike):
        try:
            binary: IO[bytes] = Path(source).open("rb")  # noqa: SIM115 - closed by the stack
        except ValueError as exc:  # no possible path
            raise InvalidInput(f"cannot read {label!r}: {exc}") from exc
        stack.callback(binary.close)
        if not binary.seekable():
            binary = _copied(binary, stack)
    elif getattr(source, "closed", False):
        raise InvalidInput(f"cannot read {label}: it is closed")
    else:
        nothing = source.read(0)
        if isinstance(nothing, str):
            return source, None
        if not isinstance(nothing, bytes):
            raise InvalidInput(f"{label} gives {type(nothing).__name__}, neither text nor bytes, when it is read")
        binary = _copied(source, stack)
    encoding = _encoding(binary, label)
    binary.seek(0)
    return stack.enter_context(io.TextIOWrapper(binary, encoding=encoding, newline="")), encoding


def _copied(stream: IO[bytes], stack: ExitStack) -> IO[bytes]:
    """A copy that can be read twice, in memory while it is small."""
    copy = cast("IO[bytes]", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - closed by the stack
    stack.callback(copy.close)
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    return copy


def _encoding(binary: IO[bytes], label: str) -> str:
    """UTF-8 or UTF-16 if a byte order mark says so, else UTF-8 if all of it is that, else Windows-1252."""
    head = binary.read(4)
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise InvalidInput(f"{label} {what}; save the table as CSV UTF-8 and read that")
    for bom, encoding in _BOMS.items():
        if head.startswith(bom):
            return encoding
    decoder = getincrementaldecoder("utf-8")()
    chunk = head
    try:
        while chunk:
            decoder.decode(chunk)
            chunk = binary.read(_CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


@attrs.define
class _Lines:
    """The physical lines of a text with their ends, which can be given back."""

    source: Iterable[str] = attrs.field()
    label: str
    number: int = 0
    """How many lines were taken, less those given back."""
    taken: list[str] = attrs.field(factory=list)
    _waiting: list[str] = attrs.field(factory=list)
    _fresh: Iterator[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._fresh = self._split()

    def _split(self) -> Iterator[str]:
        number = 0
        for piece in self.source:
            for line in _LINE.findall(piece) if "\r" in piece else (piece,):
                number += 1
                if "\0" in line:
                    raise InvalidInput(
                        f"{self.label} holds a NUL character in line {number}, so it is no text; save it as CSV UTF-8"
                    )
                yield line.removeprefix("\ufeff") if number == 1 else line

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.pop() if self._waiting else next(self._fresh)
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        self._waiting.extend(reversed(lines))
        self.number -= len(lines)

    def peek(self, most: int) -> list[str]:
        lines = [line for _, line in zip(range(most), self, strict=False)]
        self.give_back(lines)
        return lines


def _read_csv(lines: _Lines, start: list[str], collected: _Collected, label: str) -> None:
    if separator := _SEPARATOR_LINE.fullmatch(start[0]):
        next(lines)
        delimiter = separator[1]
    else:
        delimiter = _delimiter(start, collected.wanted)
    rows = _csv_rows(lines, delimiter)
    for line, cells, error in rows:
        if error:
            raise InvalidInput(f"{label}: the headers in line {line} cannot be read: {error}")
        if any(cell.strip(_BLANK) for cell in cells):
            break
    else:
        raise InvalidInput(f"{label} has no rows")
    headers = [cell.strip(_BLANK) or f"column {number}" for number, cell in enumerate(cells, 1)]
    blank = {header for header, cell in zip(headers, cells, strict=True) if not cell.strip(_BLANK)}
    if twice := sorted({header for header in headers if headers.count(header) > 1}):
        raise InvalidInput(f"{label}: more than one column is called {_named(twice)}; give each a name of its own")
    targets = collected.targets(headers, nested=False)
    if "phone_number" not in targets.values() and any(map(_LOOKS_LIKE_A_PHONE.fullmatch, headers)):
        raise InvalidInput(
            f"{label}: line {line} looks like a contact, not like headers; "
            "put a line with the names of the columns above it, such as phone_number,name"
        )
    collected.check_headers(headers, targets)
    used: set[str] = set()
    for line, cells, error in rows:
        row = dict(zip(headers, map(_plain, cells), strict=False))
        row = {header: cell for header, cell in row.items() if cell}
        extra = {f"column {n}": cell for n, cell in enumerate(cells[len(headers) :], len(headers) + 1) if _plain(cell)}
        if error:
            collected.reject(line, error, row | extra)
        elif extra:
            collected.reject(line, f"the row has more cells than there are headers ({len(headers)})", row | extra)
        elif row:
            used |= blank & row.keys()
            collected.take(line, row, targets)
    collected.columns.update({header: targets[header] for header in headers if header not in blank or header in used})


def _plain(cell: str) -> str:
    """A cell without the blanks around it, and without what Excel puts around a number that is to stay text."""
    text = cell.strip(_BLANK)
    if formula := _FORMULA_TEXT.fullmatch(text):
        return formula[1].replace('""', '"').strip(_BLANK)
    return text


def _delimiter(sample: list[str], wanted: Mapping[str, str]) -> str:
    """The delimiter with which the first lines make the best table."""
    known = _KNOWN_PHONES | {_simple(header) for header in wanted}
    nothing = _BLANK + "".join(_DELIMITERS)

    def merit(delimiter: str) -> tuple[bool, bool, float, int]:
        rows: list[list[str]] = []
        with suppress(csv.Error):
            table = csv.reader(sample, delimiter=delimiter, skipinitialspace=True)
            rows.extend(row for row in table if any(cell.strip(nothing) for cell in row))
        if not rows:
            return False, False, 0.0, 0
        width = len(rows[0])
        alike = sum(len(row) == width for row in rows) / len(rows)
        return any(_simple(cell) in known for cell in rows[0]), width > 1, alike if width > 1 else 0.0, width

    return max(_DELIMITERS, key=merit)


_CSV_ERRORS = {
    "unexpected end of data": "a quotation mark opens a cell and is not closed",
    "expected after": "text follows a closing quotation mark; inside a quoted cell a quotation mark is written twice",
    "field larger than field limit": "a cell is too long, or a quotation mark opens it and is not closed",
}


def _csv_rows(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str], str | None]]:
    """The rows with the line that each begins in, and what is wrong with its quotation marks.

    A quotation mark that is not closed swallows the lines after it. Only the line in which such a row begins is given
    up; the others are read again.
    """
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    broken_until = 0
    while True:
        line = lines.number + 1
        lines.taken.clear()
        error = None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            error = next((reason for part, reason in _CSV_ERRORS.items() if part in str(exc)), "it is not CSV")
            broken_until = max(broken_until, lines.number)
            lines.give_back(lines.taken[1:])
            cells = _leniently(lines.taken[0], delimiter)
            reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
        else:
            if line <= broken_until and len(lines.taken) == 1 and lines.taken[0].count('"') % 2:
                error = "it may belong to the row before it, whose quotation marks are wrong"
        yield line, cells, error


def _leniently(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def _json_lines(lines: _Lines) -> Iterator[tuple[int, Any]]:
    for line in lines:
        number = lines.number
        lines.taken.clear()
        text = line.strip(_BLANK)
        if not text:
            continue
        try:
            row = _json(text)
            if not isinstance(row, dict):
                raise InvalidInput(f"expected a JSON object, got {_JSON_KINDS[type(row)]}")  # noqa: TRY301
        except InvalidInput as exc:
            yield number, RejectedRow(number, str(exc), {TEXT_COLUMN: text})
        else:
            yield number, row


_JSON_KINDS = {
    list: "an array",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _array(lines: _Lines, label: str) -> Iterator[tuple[int, Any]]:
    try:
        rows = _json("".join(lines))
    except InvalidInput as exc:
        raise InvalidInput(f"{label} begins like a JSON array, and {exc}") from exc
    yield from enumerate(rows, 1)


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as exc:
        raise InvalidInput(f"it is not JSON: {exc.msg} at character {exc.pos + 1:,}") from exc
    except InvalidInput:
        raise
    except (ValueError, RecursionError) as exc:
        raise InvalidInput("it cannot be read as JSON: a number is too long, or it is nested too deep") from exc


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        raise InvalidInput(
            f"the same name twice in one object: {_named(sorted({n for n in names if names.count(n) > 1}))}"
        )
    return result


def _no_constant(name: str) -> Any:
    raise InvalidInput(f"it is not JSON: {name} is no JSON number")


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with what is nested in ``fields`` as columns of its own."""
    flat = {}
    for header, value in row.items():
        if header == _NESTED and isinstance(value, Mapping):
            flat.update({f"{_CUSTOM}{name}": nested for name, nested in value.items()})
        else:
            flat[header] = value
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\0", "")
    try:
        return json.dumps(value, ensure_ascii=False, default=str).replace("\0", "")
    except (ValueError, TypeError, RecursionError):
        return f"<{type(value).__name__}>"
