"""The listing pages that the benchmark server answers with, in the three vendors' documented envelopes."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

IDS_ASCEND = os.environ.get("BENCH_IDS") == "ascending"

CACHED_UP_TO = 100_000  # contacts of a campaign whose pages are kept; more would cost the server hundreds of MiB

AREA_CODES = [code for code in range(200, 990) if code // 10 % 10 != 9 and code % 100 != 11]
FIRST_NAMES = [
    "Ada",
    "Barbara",
    "Carlos",
    "Dilnoza",
    "Emre",
    "Fatima",
    "Grace",
    "Hiroshi",
    "Ines",
    "Jamal",
    "Katarzyna",
    "Liam",
    "Mei",
    "Noor",
]
LAST_NAMES = ["Almeida", "Brown", "Chen", "Dubois", "Eze", "Fischer", "Garcia", "Haddad", "Ito", "Jensen", "Kowalski"]

TRUEDY_STATUSES = [
    "completed",
    "ended",
    "completed",
    "no_answer",
    "pending",
    "completed",
    "voicemail",
    "failed",
    "completed",
    "scheduled",
]
TECHLADDER_STATUSES = [
    "completed",
    "completed",
    "no_answer",
    "pending",
    "completed",
    "busy",
    "failed",
    "completed",
    "queued",
    "completed",
]
TALKIFAI_STATUSES = [
    "completed",
    "completed",
    "no_answer",
    "pending",
    "completed",
    "busy",
    "timeout",
    "completed",
    "failed",
    "blocked",
]


@dataclass(frozen=True, slots=True)
class Shape:
    """How one vendor pages a campaign of `total` contacts, named `n<total>`."""

    letter: str
    provider: str
    page_size: int
    contact_id: Callable[[int], str]
    render: Callable[[int, int, int], str]

    def body(self, total: int, start: int) -> bytes:
        """Render the page that begins at row `start`, or take it from the cache."""
        if total <= CACHED_UP_TO:
            return _cached_body(self, total, start)
        return self.render(total, start, min(start + self.page_size, total)).encode()


@lru_cache(maxsize=2048)
def _cached_body(shape: Shape, total: int, start: int) -> bytes:
    return shape.render(total, start, min(start + shape.page_size, total)).encode()


def mixed(index: int) -> int:
    """Spread `index` over 32 bits, the same way each time and never twice the same."""
    return index * 2_654_435_761 % 2**32


def id_start(index: int) -> int:
    """What an id begins with: nothing in particular, or if `BENCH_IDS` is `ascending`, how many rows come before."""
    return index if IDS_ASCEND else mixed(index)


def digits(index: int) -> str:
    """Return country code and number, in the part of the North American plan that is kept for fiction."""
    return f"1{AREA_CODES[index // 100 % len(AREA_CODES)]}55501{index % 100:02}"


def timestamp(index: int) -> str:
    second = index * 7
    clock = f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}"
    return f"2026-03-{1 + second // 86_400 % 28:02}T{clock}.{mixed(index) % 1_000_000:06}Z"


def quoted(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'


def truedy_id(index: int) -> str:
    return f"ctc_{id_start(index):08x}-4c7e-4a1b-9b2d-{index:012x}"


def truedy_row(index: int) -> str:
    status = TRUEDY_STATUSES[mixed(index) % 10]
    called = status not in {"pending", "scheduled"}
    call_id = f"call_{mixed(index):08x}{index:012x}" if called else None
    first_name = FIRST_NAMES[index % 14] if index % 9 else None
    return (
        f'{{"contact_id":"{truedy_id(index)}","phone_number":"+{digits(index)}","first_name":{quoted(first_name)},'
        f'"call_status":"{status}","call_id":{quoted(call_id)},'
        f'"called_at":{quoted(timestamp(index) if called else None)}}}'
    )


def truedy_page(total: int, start: int, stop: int) -> str:
    rows = ",".join(map(truedy_row, range(start, stop)))
    return (
        f'{{"data":[{rows}],"meta":{{"request_id":"req_{start:08x}-8","ts":"2026-03-10T17:00:00.000000Z"}},'
        f'"pagination":{{"total":{total},"limit":100,"offset":{start},"has_more":{str(stop < total).lower()}}}}}'
    )


def techladder_id(index: int) -> str:
    return f"call_{id_start(index):08x}{index:012x}"


def techladder_row(index: int) -> str:
    status = TECHLADDER_STATUSES[mixed(index) % 10]
    started = status not in {"pending", "queued"}
    connected = status == "completed"
    name = f"{FIRST_NAMES[index % 14]} {LAST_NAMES[index % 11]}"
    return (
        f'{{"call_id":"{techladder_id(index)}","external_id":"{index}","phone_number":"{digits(index)}",'
        f'"name":"{name}","status":"{status}","duration_seconds":{20 + index % 200 if connected else "null"},'
        f'"started_at":{quoted(timestamp(index) if started else None)},'
        f'"ended_at":{quoted(timestamp(index + 20) if connected else None)},'
        f'"metadata":{{"Name":"{name}","Company Name":"{LAST_NAMES[index % 7]} Corporation"}}}}'
    )


def techladder_page(total: int, start: int, stop: int) -> str:
    rows = ",".join(map(techladder_row, range(start, stop)))
    return (
        '{"status_code":200,"message":"Batch calls fetched successfully","error":null,'
        f'"data":{{"items":[{rows}],"total":{total},"page":{start // 500 + 1},"limit":500,'
        f'"has_more":{str(stop < total).lower()}}}}}'
    )


def talkifai_id(index: int) -> str:
    return f"contact_{id_start(index):08x}{index:08x}"


def talkifai_row(index: int) -> str:
    status = TALKIFAI_STATUSES[mixed(index) % 10]
    tried = status != "pending"
    connected = status == "completed"
    retried = status in {"no_answer", "busy", "timeout"}
    final = tried and not retried
    return (
        f'{{"id":"{talkifai_id(index)}","phoneNumber":"+{digits(index)}",'
        f'"contactData":{{"phone":"+{digits(index)}","name":"{FIRST_NAMES[index % 14]} {LAST_NAMES[index % 11]}",'
        f'"city":"Springfield"}},"status":"{status}","errorCode":{quoted("480" if retried else None)},'
        f'"attemptCount":{int(tried)},"maxAttempts":3,'
        f'"lastAttemptAt":{quoted(timestamp(index) if tried else None)},'
        f'"nextRetryAt":{quoted(timestamp(index + 500) if retried else None)},'
        f'"completedAt":{quoted(timestamp(index + 20) if final else None)},'
        f'"roomName":{quoted(f"room_{mixed(index):08x}{index:08x}" if connected else None)},'
        f'"failureReason":{quoted("No answer" if retried else None)},'
        f'"callDuration":{20 + index % 200 if connected else "null"}}}'
    )


def talkifai_page(total: int, start: int, stop: int) -> str:
    rows = ",".join(map(talkifai_row, range(start, stop)))
    return (
        f'{{"id":"n{total}","name":"Spring renewals","description":null,"status":"running",'
        '"organizationId":"org_5f2a","agentId":"agent_91c3","fromPhoneNumberId":"pn_77d0",'
        f'"totalContacts":{total},"contactsProcessed":{total // 2},"successfulCalls":{total // 4},'
        f'"failedCalls":{total // 4},"statusBreakdown":{{"completed":{total // 4},"pending":{total - total // 4}}},'
        '"scheduledStartTime":null,"actualStartTime":"2026-03-01T08:00:00Z","completedAt":null,'
        '"estimatedCompletionTime":null,"createdAt":"2026-02-27T15:31:09Z","concurrentCallLimit":5,'
        '"retryPolicy":{"maxAttempts":3,"retryableStatuses":["no_answer","busy","timeout"]},'
        f'"contacts":[{rows}],"contactsTotal":{total},"contactsPage":{start // 500 + 1},"contactsPageSize":500,'
        f'"contactsHasMore":{str(stop < total).lower()}}}'
    )


SHAPES = {
    "A": Shape("A", "truedy", 100, truedy_id, truedy_page),
    "B": Shape("B", "techladder", 500, techladder_id, techladder_page),
    "C": Shape("C", "talkifai", 500, talkifai_id, talkifai_page),
}
