"""Which column of a list is which attribute of a contact."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import attrs

from unibatch.core.errors import InvalidInput
from unibatch.core.masking import mask_text
from unibatch.core.model import fold

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
            elif target not in SYNONYMS and not target.startswith(CUSTOM):
                target = CUSTOM + target
            key = header.strip(BLANK)
            if key in wanted:
                raise InvalidInput(f"columns names {key!r} twice")
            if target != LEFT_OUT and target in wanted.values():
                raise InvalidInput(f"columns sends two columns to {target}")
            wanted[key] = target
        return cls(wanted)

    def is_known(self, header: str) -> bool:
        """Whether a header is known, as a phone number or because the user names it."""
        return _simple(header) in {*_KNOWN["phone_number"], *map(_simple, self.wanted)}

    def targets(self, headers: Sequence[str], *, nested: bool) -> dict[str, str]:
        """Where each of the headers goes; if ``nested``, a mapping under ``fields`` holds custom data.

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
            if header in OWN_COLUMNS:
                targets.setdefault(header, LEFT_OUT)
            elif nested and header == NESTED:
                targets.setdefault(header, NESTED)
        left = {header: _simple(header) for header in headers if header not in targets}
        for attribute, words in _KNOWN.items():
            if attribute in chosen:
                continue
            claims = [header for word in words for header in left if left[header] == word]
            if attribute == "phone_number" and len(claims) > 1 and attribute not in claims:
                raise InvalidInput(
                    f"{len(claims)} columns look like the phone number: {listed(claims)}; say which one it is with "
                    f'columns={{{claims[0]!r}: "phone_number"}} (--map "{claims[0]}=phone_number")'
                )
            if claims:
                best = attribute if attribute in claims else claims[0]
                targets[best] = attribute
                del left[best]
        for header in left:
            targets[header] = header if header.startswith(CUSTOM) and header != CUSTOM else CUSTOM + header
        places: dict[str, str] = {}
        for header, target in targets.items():
            if target != LEFT_OUT and places.setdefault(target, header) != header:
                raise InvalidInput(
                    f"the columns {listed((places[target], header))} both go to {target}; "
                    "rename one of them, or map it (columns=, --map)"
                )
        return {header: targets[header] for header in headers}

    def require(self, headers: Sequence[str], targets: Mapping[str, str]) -> None:
        """Raise `InvalidInput` if a column that the user names is missing, or the phone number."""
        missing = [wanted for wanted in self.wanted if _match(wanted, headers) is None]
        if missing:
            raise InvalidInput(f"there is no column {listed(missing)}; there are {listed(headers)}")
        if "phone_number" not in targets.values():
            raise InvalidInput(
                f"no column looks like the phone number; there are {listed(headers)}; "
                'say which one it is with columns={"HEADER": "phone_number"} (--map HEADER=phone_number)'
            )


def _simple(header: str) -> str:
    """A header without case, accents, blanks and punctuation."""
    plain = unicodedata.normalize("NFKD", fold(header).replace("\u0131", "i"))  # the Turkish i without a dot
    return _PUNCTUATION.sub("", plain)


_KNOWN = {attribute: tuple(dict.fromkeys(map(_simple, words))) for attribute, words in SYNONYMS.items()}


def listed(headers: Iterable[str]) -> str:
    """Headers for a message, with phone numbers masked."""
    return ", ".join(repr(mask_text(header)) for header in headers)


def _match(wanted: str, headers: Sequence[str]) -> str | None:
    """The header that the user means: spelled the same, or the only one that differs in case alone."""
    if wanted in headers:
        return wanted
    alike = [header for header in headers if fold(header) == fold(wanted)]
    return alike[0] if len(alike) == 1 else None
