"""From a CSV of 10,000 people to the requests that place them: unibatch against a script by hand.

The script does what a careful person would write with the csv module and phonenumbers: it validates each number, asks
for its kind, since some cost extra to call, and leaves out those that repeat. It guesses no columns, reports no rows,
and knows one vendor. Each measurement is a process of its own.
"""

import argparse
import csv
import io
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import phonenumbers

import unibatch
from unibatch import CampaignDraft, Start

PEOPLE = 10_000
COSTS_EXTRA = frozenset(
    {
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.PERSONAL_NUMBER,
        phonenumbers.PhoneNumberType.UAN,
        phonenumbers.PhoneNumberType.PAGER,
        phonenumbers.PhoneNumberType.VOICEMAIL,
    }
)


def make_csv() -> str:
    """People with numbers as they are written in the United States, some twice."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["Full name", "Mobile", "E-mail", "Plan"])
    for index in range(PEOPLE):
        person = index - (index % 500 == 499)
        number = 5550000 + person
        phone = f"(212) {number // 10_000}-{number % 10_000:04}"
        writer.writerow([f"Person {person}", phone, f"p{person}@example.com", "gold"])
    return file.getvalue()


def by_hand(text: str) -> list[str]:
    contacts: dict[str, dict[str, Any]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        number = phonenumbers.parse(row["Mobile"], "US")
        if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) in COSTS_EXTRA:
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
    return [json.dumps(body, ensure_ascii=False, separators=(",", ":"))]


def create(text: str, *, preflight: bool = False) -> list[str]:
    people = unibatch.read_contacts(io.StringIO(text), region="US")
    draft = CampaignDraft(name="Benchmark", agent_id="agt_1", contacts=people.contacts, start=Start.HOLD)
    with unibatch.connect(provider="truedy", api_key="key") as client:
        if preflight:
            unibatch.preflight(draft, client)
        return [request.body for request in client.rehearse.create_campaign(draft)]


def preflight_and_create(text: str) -> list[str]:
    return create(text, preflight=True)


def add(text: str) -> list[str]:
    people = unibatch.read_contacts(io.StringIO(text), region="US")
    with unibatch.connect(provider="truedy", api_key="key") as client:
        requests = client.rehearse.add_contacts("batch_1", people.contacts, accept_loss=["contacts.fields"])
    return [request.body for request in requests]


WAYS: dict[str, Callable[[str], list[str]]] = {
    "by hand": by_hand,
    "create": create,
    "preflight, create": preflight_and_create,
    "add": add,
}


def measure(way: str) -> tuple[float, float]:
    """Go one way in this process; CPU and wall time in seconds, without those of the imports."""
    text = make_csv()
    WAYS[way]("\n".join(text.splitlines()[:3]))  # imports what is imported when it is first used
    cpu, wall = time.process_time(), time.perf_counter()
    WAYS[way](text)
    return time.process_time() - cpu, time.perf_counter() - wall


def in_a_process(way: str) -> tuple[float, float]:
    command = [sys.executable, str(Path(__file__).resolve()), "--way", way]
    cpu, wall = json.loads(subprocess.check_output(command, text=True))
    return cpu, wall


def sent(way: str) -> dict[str, Any]:
    bodies = map(json.loads, WAYS[way](make_csv()))
    return {contact["phone_number"]: contact for body in bodies for contact in body["contacts"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--way", choices=WAYS, help="take one measurement, and print it as JSON")
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.way)))
        return
    expected = sent("by hand")
    added = {number: {**contact, "custom_fields": {"Plan": "gold"}} for number, contact in sent("add").items()}
    if not expected == sent("create") == sent("preflight, create") == added:  # Truedy adds no custom fields
        raise RuntimeError("the ways do not send the same contacts")
    rounds = [{way: in_a_process(way) for way in WAYS} for _ in range(options.rounds)]
    print(f"{PEOPLE:,} people, {options.rounds} rounds; seconds, and how many times as long as by hand")
    print(f"{'':20}{'CPU':>7}{'ratio':>7}{'min':>7}{'max':>7}{'wall':>9}{'ratio':>7}{'min':>7}{'max':>7}")
    for way in WAYS:
        line = f"{way:20}"
        for clock, width in ((0, 7), (1, 9)):
            ratios = [times[way][clock] / times["by hand"][clock] for times in rounds]
            line += f"{statistics.median(times[way][clock] for times in rounds):{width}.2f}"
            line += f"{statistics.median(ratios):7.2f}{min(ratios):7.2f}{max(ratios):7.2f}"
        print(line)


if __name__ == "__main__":
    main()
