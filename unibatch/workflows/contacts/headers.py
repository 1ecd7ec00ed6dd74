"""Which column of a list is which attribute of a contact."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import attrs

from unibatch.core.columns import FIELD
from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_text
from unibatch.core.model import fold
from unibatch.core.phone import DIGITS, from_user
from unibatch.core.phone_text import plain as plain_phone
from unibatch.workflows.contacts.wishes import says_do_not_call

_WORDS = {
    "phone_number": """
        phone_number,
        phone, phone no, phone nr, phone num, phone 1, phone 1 - value, primary phone,
        telephone, telephone number, telephone no, tel, tel no, tel nr, tel number,
        mobile, mobile number, mobile no, mobile phone, mobile phone number, cell, cell number, cell phone,
        cell phone number, cellular, msisdn, e164, contact number, contact phone, contact no, customer phone,
        phone e164, home phone, work phone, business phone, office phone, caller number, called number,
        to, to number, number, destination, destination number, whatsapp, whatsapp number,
        telefon, telefonnummer, telefonnr, tel nummer, rufnummer, handy, handynummer, handynr, mobil, mobilnummer,
        mobilnr, mobiltelefon, mobilfunk, mobilfunknummer, nummer,
        teléfono, número de teléfono, número, móvil, teléfono móvil, celular, teléfono celular,
        téléphone, numéro de téléphone, numéro, portable, téléphone portable, tél, tél portable,
        telefono, numero di telefono, numero, cellulare, numero cellulare, recapito telefonico,
        telefone, número de telefone, telemóvel, telefoonnummer, telefoon, mobiel, gsm,
        numer telefonu, telefon komórkowy, komórka, telefon numarası, cep telefonu, puhelin, puhelinnumero,
        telefonszám,
        телефон, номер телефона, мобильный,
        मोबाइल, फ़ोन,
        电话, 電話, 手机, 手機, 电话号码, 電話番号, 手机号, 携帯, 携帯電話, 전화번호, 휴대폰,
        هاتف, رقم الهاتف, جوال, טלפון
    """,  # noqa: RUF001 - Turkish is spelled so
    "name": """
        name, full name, contact name, customer name, client name, lead name, display name, contact, person,
        vollständiger name, nombre completo, nombre y apellidos, nom complet, nom et prénom, nombre, nome completo,
        nome, naam,
        имя, имя и фамилия,
        姓名, 氏名, 이름
    """,
    "first_name": """
        first_name, first, given name, forename, fname, customer first name, contact first name,
        vorname, prénom, primer nombre, primeiro nome, voornaam, imię, förnamn, fornavn, 名
    """,
    "last_name": """
        last_name, last, surname, family name, lname, customer last name, contact last name,
        nachname, familienname, nom de famille, nom, apellidos, apellido, cognome, sobrenome, achternaam, nazwisko,
        efternamn, etternavn, фамилия, 姓
    """,
    "email": """
        email, email address, mail, mail address, contact email, customer email, email 1, e-mail 1 - value,
        e-mail-adresse, mailadresse, correo, correo electrónico, courriel, adresse e-mail, adresse email,
        posta elettronica, электронная почта, 邮箱, メール
    """,
    "external_id": """
        external_id, id, contact id, customer id, client id, lead id, record id, user id,
        external ref, external reference, reference, reference id, ref, crm id, customer number, customer no,
        kundennummer, kundennr, kunden-id, kunden id, id cliente, id client
    """,
}
SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {attribute: tuple(map(str.strip, words.split(","))) for attribute, words in _WORDS.items()}
)
"""For each attribute of `ContactDraft`, the headers that mean it, the best first.

Case, accents, blanks and punctuation do not matter.
"""

LINE_COLUMN = "unibatch_line"
REASON_COLUMN = "unibatch_reason"
TEXT_COLUMN = "unibatch_text"
"""Holds what could not be read as columns at all."""
OWN_COLUMNS = frozenset({LINE_COLUMN, REASON_COLUMN, TEXT_COLUMN})
"""The columns that `ContactList.write_rejected` adds; they are left out when the file is read again."""

LEFT_OUT = "-"
DO_NOT_CALL = "do_not_call"
NESTED = "fields"
CUSTOM = "fields."

INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
BLANK = " \t\r\n\v\f\u0085\u00a0\u1680\u2007\u2009\u200a\u202f\u205f\u3000\u2028\u2029" + INVISIBLE
"""The characters around a header or a cell that do not belong to it."""

_PUNCTUATION = re.compile(r"[\W_]+")


@attrs.frozen
class Columns:
    """Where columns go: as the user wants (``"fields.Company"`` is custom data), and otherwise by their headers."""

    wanted: Mapping[str, str]

    @classmethod
    def of(cls, columns: Any) -> Columns:
        """Check the argument ``columns`` of `read_contacts`; raises `InvalidInput` if it makes no sense."""
        if columns is None:
            return cls({})
        if not isinstance(columns, Mapping):
            raise InvalidInput(f"columns must be a mapping of headers to names, not {type(columns).__name__}")
        wanted: dict[str, str] = {}
        for header, name in columns.items():
            if not isinstance(header, str) or not isinstance(name, str):
                raise InvalidInput(f"columns must map texts to texts, not {header!r} to {name!r}")
            target = name.strip()
            if target in {"", LEFT_OUT}:
                target = LEFT_OUT
            elif target in {NESTED, CUSTOM}:
                raise InvalidInput(f"columns: {header!r} needs a name for its custom data, such as fields.company")
            elif target not in SYNONYMS and target != DO_NOT_CALL and not target.startswith(CUSTOM):
                target = CUSTOM + target
            key = header.strip(BLANK)
            if key in wanted:
                raise InvalidInput(f"columns names {key!r} twice")
            if target not in {LEFT_OUT, DO_NOT_CALL} and target in wanted.values():
                raise InvalidInput(f"columns sends two columns to {target}")
            wanted[key] = target
        return cls(wanted)

    def is_known(self, header: str) -> bool:
        """Whether a header is known, as a phone number or because the user names it."""
        return simple(header) in {*_KNOWN["phone_number"], *map(simple, self.wanted)}

    def targets(
        self, headers: Sequence[str], rows: Sequence[Mapping[str, Any]], *, nested: bool, region: str | None
    ) -> dict[str, str]:
        """Where each of the headers goes.

        Args:
            headers: The headers.
            rows: Some of the rows, for a look at their cells.
            nested: A mapping under ``fields`` holds custom data.
            region: The country of numbers in national form.

        Raises:
            InvalidInput: Two columns go to the same place, or it is not clear which holds the phone number.
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
            if header in OWN_COLUMNS:
                targets.setdefault(header, LEFT_OUT)
            elif nested and header == NESTED:
                targets.setdefault(header, NESTED)
        left = {header: simple(header) for header in headers if header not in targets}
        if is_own_export(headers):
            for header in list(left):
                targets[header] = _own_target(header)
            return {header: targets[header] for header in headers}
        for header in [header for header in left if not header.startswith(CUSTOM) and says_do_not_call(header)]:
            targets[header] = DO_NOT_CALL
            del left[header]
        if "phone_number" not in chosen:
            phone = self._phone(left, rows, region)
            if phone is not None:
                targets[phone] = "phone_number"
                del left[phone]
        for attribute, words in _KNOWN.items():
            if attribute in chosen or attribute == "phone_number":
                continue
            claims = [header for word in words for header in left if left[header] == word]
            if claims:
                best = attribute if attribute in claims else claims[0]
                targets[best] = attribute
                del left[best]
        for header in left:
            targets[header] = header if header.startswith(CUSTOM) and header != CUSTOM else CUSTOM + header
        places: dict[str, str] = {}
        for header, target in targets.items():
            if target not in {LEFT_OUT, DO_NOT_CALL} and places.setdefault(target, header) != header:
                raise InvalidInput(
                    f"the columns {listed((places[target], header))} both go to {target}; "
                    "rename one of them, or map it (columns=, --map)"
                )
        return {header: targets[header] for header in headers}

    def _phone(self, left: Mapping[str, str], rows: Sequence[Mapping[str, Any]], region: str | None) -> str | None:
        """The column of the phone number: its header says so, and its cells do not say otherwise.

        A header that says phone goes before one such as "Number". Of several that hold numbers none is taken.

        Raises:
            InvalidInput: Several may be it.
        """
        if "phone_number" in left:
            return "phone_number"
        cells = {header: [row[header] for row in rows if _is_filled(row.get(header))] for header in left}
        exact = [header for word in _KNOWN["phone_number"] for header in left if left[header] == word]
        vague = [header for header in exact if left[header] in _VAGUE]
        clear = [header for header in exact if header not in vague]
        clear += [header for header in left if header not in exact and _says_phone(header)]
        if len(clear) > 1:  # "Mobile" may hold "yes", or nothing
            clear = [header for header in clear if any(map(_may_be_number, cells[header]))] or clear
        rivals = vague if clear else [header for header in left if header not in vague]
        certain = [header for header in rivals if _hold_numbers(cells[header], region)]
        if clear:
            claims = clear + certain
        else:
            claims = [header for header in vague if any(map(_may_be_number, cells[header]))] or vague
            claims += certain if vague else []
        if len(claims) > 1:
            raise InvalidInput(
                f"{len(claims)} columns look like the phone number: {listed(claims)}; say which one it is with "
                f'columns={{{claims[0]!r}: "phone_number"}} (--map "{claims[0]}=phone_number")'
            )
        return claims[0] if claims else None

    def require(self, headers: Sequence[str], targets: Mapping[str, str]) -> None:
        """Raise `InvalidInput` if a column that the user names is missing, or the phone number."""
        missing = [wanted for wanted in self.wanted if _match(wanted, headers) is None]
        if missing:
            raise InvalidInput(f"there is no column {listed(missing)}; there are {listed(headers)}")
        if "phone_number" not in targets.values():
            raise InvalidInput(
                f"no column looks like the phone number; there are {listed(headers) or 'none'}; "
                'say which one it is with columns={"HEADER": "phone_number"} (--map HEADER=phone_number)'
            )


def simple(header: str) -> str:
    """A header without case, accents, blanks and punctuation."""
    plain = unicodedata.normalize("NFKD", fold(header).replace("\u0131", "i"))  # the Turkish i without a dot
    return _PUNCTUATION.sub("", plain)


_KNOWN = {attribute: tuple(dict.fromkeys(map(simple, words))) for attribute, words in SYNONYMS.items()}

_VAGUE = frozenset(
    map(
        simple,
        ("to", "to number", "number", "destination", "destination number", "nummer", "número", "numéro"),
    )
)
"""Headers of phone numbers that are headers of other columns as well."""

_PHONE_WORDS = frozenset(
    word
    for header in SYNONYMS["phone_number"]
    for word in (simple(header),)
    if " " not in header and word not in {*_VAGUE, "phonenumber"}
)
_QUALIFIER_WORDS = """
    a the of my your and number numbers no nr num value e164 e 164 international intl formatted full with code
    contact customer client lead user person patient member guest buyer student subscriber
    work office business company job home house private personal main primary default direct day daytime evening
    mobile cell phone telephone tel portable
    geschäftlich privat dienstlich arbeit büro haupt kunde kunden kontakt nummer
    trabajo casa particular oficina cliente principal número numero numéro de du des di do da del le la
    bureau travail domicile professionnel perso ufficio lavoro trabalho residencial comercial fisso fixe fixo fijo
    1 2 3 4
"""
_QUALIFIERS = frozenset(map(simple, _QUALIFIER_WORDS.split()))
"""What may stand beside a word for phone; "emergency", "fax", "old" or "agent" would be somebody else's."""

COUNTRY = frozenset(
    map(
        simple,
        (
            *(
                "country",
                "country code",
                "country iso",
                "iso country",
                "iso country code",
                "country name",
                "region code",
            ),
            *(
                "phone country",
                "phone country code",
                "calling code",
                "dialling code",
                "dialing code",
                "iso2",
                "iso code",
            ),
            *(
                "land",
                "ländercode",
                "länderkennzeichen",
                "landesvorwahl",
                "pays",
                "code pays",
                "país",
                "código de país",
            ),
            *(
                "paese",
                "nazione",
                "landcode",
                "kraj",
                "ülke",
                "maa",
                "země",
                "страна",
                "国",
                "国家",
                "国家代码",
                "국가",
            ),
        ),
    )
)
"""Headers of the country of a person, by their simple form."""

_OWN_EXPORTS = (
    frozenset({"provider", "campaign_id", "phone_number", "vendor_status", "is_final"}),
    frozenset({"campaign_id", "phone_number", "outcome", "reason"}),
)
"""What ``unibatch contacts``, ``unibatch export`` and ``unibatch add`` write, and nobody else."""


def is_own_export(headers: Collection[str]) -> bool:
    """Whether unibatch wrote these columns."""
    return any(own.issubset(headers) for own in _OWN_EXPORTS)


def _own_target(header: str) -> str:
    """Where a column that unibatch wrote goes."""
    if header in SYNONYMS or header == NESTED:
        return header
    return CUSTOM + header.removeprefix(FIELD) if header.startswith(FIELD) else LEFT_OUT


def _says_phone(header: str) -> bool:
    text = unicodedata.normalize("NFC", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header))
    words = [simple(word) for word in re.findall(r"[^\W_]+", text)]
    return bool(_PHONE_WORDS.intersection(words)) and _PHONE_WORDS.union(_QUALIFIERS).issuperset(words)


def _is_filled(cell: Any) -> bool:
    return isinstance(cell, int | float) or (isinstance(cell, str) and bool(cell.strip(BLANK)))


def _may_be_number(cell: Any) -> bool:
    """Whether a cell has the form of a phone number, of any country."""
    try:
        return len(plain_phone(str(cell))) in range(DIGITS.start, DIGITS.stop + len("+(0)"))
    except InvalidInput:
        return False


def _hold_numbers(cells: Sequence[Any], region: str | None) -> bool:
    """Whether most cells are valid phone numbers."""
    found = 0
    for cell in cells:
        with suppress(InvalidInput):
            from_user(cell, region=region)
            found += 1
    return found * 2 > len(cells)


def listed(headers: Iterable[str]) -> str:
    """Headers for a message, with phone numbers masked."""
    return ", ".join(repr(mask_text(header)) for header in headers)


def _match(wanted: str, headers: Sequence[str]) -> str | None:
    """The header that the user means: spelled the same, or the only one that differs in case alone."""
    if wanted in headers:
        return wanted
    alike = [header for header in headers if fold(header) == fold(wanted)]
    return alike[0] if len(alike) == 1 else None
