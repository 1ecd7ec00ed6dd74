"""From a CSV of 10,000 people to the request that creates their campaign: unibatch against a script by hand.

The script does what a careful person would write with the csv module and phonenumbers. It guesses no columns, reports
no rows, and knows one vendor.
"""

import csv
import io
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import phonenumbers

import unibatch
from unibatch import CampaignDraft, Start

PEOPLE = 10_000
ROUNDS = 7


def make_csv() -> str:
    """People with numbers as they are written in the United States, some twice."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["Full name", "Mobile", "E-mail", "Plan"])
    for index in range(PEOPLE):
        number = 5550000 + index - (index % 500 == 0)
        phone = f"(212) {number // 10_000}-{number % 10_000:04}"
        writer.writerow([f"Person {index}", phone, f"p{index}@example.com", "gold"])
    return file.getvalue()


def by_hand(text: str) -> bytes:
    contacts: dict[str, dict[str, Any]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        number = phonenumbers.parse(row["Mobile"], "US")
        if not phonenumbers.is_valid_number(number):
            raise ValueError(row)
        phone = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        first, _, last = row["Full name"].partition(" ")
        contacts.setdefault(
            phone,
            {
                "phone_number": phone,
                "first_name": first,
                "last_name": last,
                "email": row["E-mail"],
                "custom_fields": {"Plan": row["Plan"]},
            },
        )
    body = {"name": "Benchmark", "agent_id": "agt_1", "contacts": list(contacts.values())}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def with_unibatch(text: str) -> bytes:
    people = unibatch.read_contacts(io.StringIO(text), region="US")
    draft = CampaignDraft(name="Benchmark", agent_id="agt_1", contacts=people.contacts, start=Start.HOLD)
    with unibatch.connect(provider="truedy", api_key="key") as client:
        (request,) = client.rehearse.create_campaign(draft)
    return request.body.encode()


def seconds(way: Callable[[str], bytes], text: str) -> float:
    began = time.perf_counter()
    way(text)
    return time.perf_counter() - began


def main() -> None:
    text = make_csv()
    ours, theirs = (
        {contact["phone_number"]: contact for contact in json.loads(way(text))["contacts"]}
        for way in (with_unibatch, by_hand)
    )
    if ours != theirs:
        raise RuntimeError("the two ways do not send the same contacts")
    rounds = [(seconds(by_hand, text), seconds(with_unibatch, text)) for _ in range(ROUNDS)]
    hand, mine = (statistics.median(times) for times in zip(*rounds, strict=True))
    ratio = statistics.median(mine / hand for hand, mine in rounds)
    print(f"{PEOPLE:,} people: by hand {hand:.2f} s, unibatch {mine:.2f} s; unibatch takes {ratio:.2f} times as long")


if __name__ == "__main__":
    main()
