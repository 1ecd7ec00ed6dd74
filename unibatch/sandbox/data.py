"""Made-up people. Every number belongs to a range that the regulators keep free for fiction, so no phone can ring.

North America: 555-0100 to 555-0199 in every area code. United Kingdom: Ofcom's drama numbers for landlines. (Ofcom's
mobile range, 07700 900, would do as well, but phonenumbers does not take it for valid.)
"""

from __future__ import annotations

import functools
import random

import attrs

_AREA_CODES = """
201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 253
254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323
325 330 331 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423
424 425 430 432 434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516 517 518 520
530 540 541 551 559 561 562 563 567 570 571 573 574 580 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616
617 618 619 620 623 626 630 631 636 641 646 650 651 660 661 662 678 682 701 702 703 704 706 707 708 712 713 714 715
716 717 718 719 720 724 727 731 732 734 740 754 757 760 763 765 770 772 773 774 775 781 785 786 801 802 803 804 805
806 808 810 812 813 814 815 816 817 818 828 830 831 832 843 845 847 848 850 856 857 858 859 860 862 863 864 865 870
901 903 904 906 907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 931 936 937 940 941 949 951 952 954 956
970 971 972 973 978 979 980 985 989
"""
AREA_CODES = tuple(int(code) for code in _AREA_CODES.split())
"""North American area codes, each with a hundred fictitious numbers."""

UK_PREFIXES = (
    "113496", "114496", "116496", "117496", "118496", "121496", "131496", "141496", "151496", "161496",
    "191498", "207946",
)  # fmt: skip
"""British landline prefixes, each with the thousand fictitious numbers 0000 to 0999."""

FIRST_NAMES = (
    "Amelia", "Aria", "Beatriz", "Caleb", "Chidi", "Chloé", "Daniel", "Dmitri", "Elena", "Ethan", "Fatima", "Grace",
    "Hannah", "Hiroshi", "Ines", "Isaac", "Jamal", "Jürgen", "Kavya", "Liam", "Łukasz", "Maya", "Mei", "Noah", "Nora",
    "Olivia", "Omar", "Priya", "Quinn", "Rosa", "Samuel", "Sofia", "Tariq", "Tess", "Umar", "Vera", "Wesley", "Ximena",
    "Yusuf", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Alvarez", "Banerjee", "Bishop", "Castillo", "Chen", "Dubois", "Ekström", "Farouk", "Fletcher", "Garcia",
    "Haddad", "Ito", "Jansen", "Kaplan", "Kowalska", "Lindqvist", "Martins", "Mbeki", "Nakamura", "Novak", "O'Neill",
    "Okafor", "Osei", "Patel", "Quiroga", "Ramos", "Reyes-Lund", "Saito", "Silva", "Stone", "Tanaka", "Umarov",
    "van der Berg", "Walsh", "Weiss", "Xu", "Yamada", "Zhang", "Zimmer",
)  # fmt: skip
COMPANIES = (
    "Bluefern Dental", "Cobalt Couriers", "Driftwood Inns", "Elmgate Schools", "Foxglove Florists", "Harrow & Pike",
    "Ironleaf Energy", "Juniper Clinics", "Kestrel Freight", "Lanternworks", "Mossbank Foods", "Nine Oaks Realty",
)  # fmt: skip
PLANS = ("basic", "basic", "basic", "plus", "plus", "pro")


@attrs.frozen
class Person:
    """Somebody who does not exist."""

    number: str
    first_name: str
    last_name: str
    email: str
    company: str
    plan: str
    customer: str


@functools.lru_cache(maxsize=8)
def _area_codes(seed: int) -> tuple[int, ...]:
    codes = list(AREA_CODES)
    random.Random(f"area codes {seed}").shuffle(codes)
    return tuple(codes)


@functools.lru_cache(maxsize=8_192)
def person(seed: int, index: int) -> Person:
    """Return the person at a place of the directory.

    Numbers repeat only after more than 30,000 places.
    """
    if index % 4 == 3:  # noqa: PLR2004  # every fourth number is British
        place = index // 4
        prefix = UK_PREFIXES[place % len(UK_PREFIXES)]
        number = f"+44{prefix}0{place // len(UK_PREFIXES) % 1000:03d}"
    else:
        codes = _area_codes(seed)
        place = index - (index + 1) // 4
        number = f"+1{codes[place % len(codes)]}55501{place // len(codes) % 100:02d}"
    mixed = (index + 1) * 2_654_435_761 % 2**32 ^ (seed * 7_919)
    first = FIRST_NAMES[mixed // 7 % len(FIRST_NAMES)]
    last = LAST_NAMES[mixed // 331 % len(LAST_NAMES)]
    return Person(
        number=number,
        first_name=first,
        last_name=last,
        email=f"customer.{10_001 + index}@example.com",
        company=COMPANIES[mixed // 17_389 % len(COMPANIES)],
        plan=PLANS[mixed // 224_737 % len(PLANS)],
        customer=str(10_001 + index),
    )
