"""Everything that a vendor's file imports of unibatch, whether it is built in or in a package of its own.

A provider imports this module and nothing else of unibatch. The docstring of each name says what it is for,
`CONTRIBUTING.md` shows the steps, and ``unibatch.testing.ProviderContract`` tests the result.

**Promise.** These names, and what they take and return, stay as they are until the next major version. New names and
optional parameters may come at any time. Before a name goes, it is deprecated, with a warning, for at least one minor
version. Attributes that begin with an underscore belong to unibatch; only ``_fields`` and ``_raw`` of a contact that is
being filled are for you.

**Declare** what the vendor is and can do: `Provider`, `Capabilities`, `Support`, `Limits`, `Paging`, `UNPAGED`,
`Setting`, `Transition`, `OperationName`, `ErrorCodes`, and the status words: `StatusTable`, `CallStatus`,
`CampaignStatus`.

**Ask**: `Flow`, `Request`, `Response`, `NO_CONTENT`, `segment` for ids in paths, `Position`, `CampaignFilter`,
`ContactFilter`.

**Read answers**: `Provider.read_answer` reads JSON into subclasses of `Wire` and `Unread`, and leaves out what cannot
be read; `read` refuses it. `decode` reads into plain data, and `read_leniently` a body that may be anything. For
values: `required`, `rows_or_none`, `mapping_or_empty`, `text_or_none`, `instant_or_none`, `utc`, `from_unix_seconds`,
`from_unix_milliseconds`, `seconds`, `time_of_day`. What is not as documented is a `StructureError`, or an
`UnreadableValue` if the answer can do without it; `translate_at` and `collect` add where it is.

**Return**: `Page`, `Campaign`, `Counts`, `Schedule`, `RedialPolicy`, `Money`, `Contact`, `Account`, `AccountLimits`,
`Refusal`. Contacts come by the thousand, and are made in a quick way: `maker_of_blank_contacts`, `seal_contacts`,
`RawRows`. Their numbers are read by `is_e164`, `DIGITS` and `phone_from_vendor`.

**Write**: a draft is a `CampaignDraft` of `ContactDraft`, `Start` and `Part`. `How`, `Fit` and `Given` say how each of
its fields is taken; the result is a `Composition`. `encode` makes the body. `When` and `is_ambiguous` are for times,
`digest` makes marks.

**Write without calling anybody twice**: `create_once`, `Adding` and `Added`, `carry_out`, `delete_once`, `retry_once`;
to look: `read_all`, `recent`, `require_whole`; to judge: `require_open`, `require_all_taken`, `require_not_over`,
`reread_created`, `partly_created`, `outcome_unknown`, `where_to_look`.

**Errors** that a provider raises, catches or declares: `ConfigError`, `UnibatchError`, `ProviderError`,
`AuthenticationError`, `PermissionDenied`, `PaymentRequired`, `NotFound`, `Conflict`, `InvalidRequest`, `RateLimited`,
`ServerError`, `OutcomeUnknown`.
"""

from __future__ import annotations

from unibatch.core.blank import maker_of_blank_contacts, seal_contacts
from unibatch.core.draft import CampaignDraft, ContactDraft, Part, Start, digest
from unibatch.core.draft_fields import Composition, Given, How
from unibatch.core.errors import (
    AuthenticationError,
    ConfigError,
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PaymentRequired,
    PermissionDenied,
    ProviderError,
    RateLimited,
    ServerError,
    UnibatchError,
)
from unibatch.core.findings import Fit
from unibatch.core.flow import NO_CONTENT, Flow, Request, Response, segment
from unibatch.core.model import (
    Account,
    AccountLimits,
    Campaign,
    Contact,
    Counts,
    Money,
    RedialPolicy,
    Schedule,
)
from unibatch.core.paging import UNPAGED, Page, Paging, Position
from unibatch.core.phone import DIGITS, is_e164
from unibatch.core.phone import from_vendor as phone_from_vendor
from unibatch.core.provider import (
    Added,
    CampaignFilter,
    Capabilities,
    ContactFilter,
    ErrorCodes,
    Limits,
    OperationName,
    Provider,
    Refusal,
    Setting,
    Support,
    Transition,
)
from unibatch.core.raw import RawRows, decode
from unibatch.core.reconcile import (
    Adding,
    carry_out,
    create_once,
    delete_once,
    outcome_unknown,
    partly_created,
    read_all,
    recent,
    require_all_taken,
    require_not_over,
    require_open,
    require_whole,
    reread_created,
    retry_once,
    where_to_look,
)
from unibatch.core.status import CallStatus, CampaignStatus
from unibatch.core.status_table import StatusTable
from unibatch.core.structuring import (
    StructureError,
    Unread,
    UnreadableValue,
    Wire,
    collect,
    encode,
    from_unix_milliseconds,
    from_unix_seconds,
    instant_or_none,
    mapping_or_empty,
    read,
    read_leniently,
    required,
    rows_or_none,
    seconds,
    text_or_none,
    time_of_day,
    translate_at,
    utc,
)
from unibatch.core.times import When, is_ambiguous

__all__ = [
    "DIGITS",
    "NO_CONTENT",
    "UNPAGED",
    "Account",
    "AccountLimits",
    "Added",
    "Adding",
    "AuthenticationError",
    "CallStatus",
    "Campaign",
    "CampaignDraft",
    "CampaignFilter",
    "CampaignStatus",
    "Capabilities",
    "Composition",
    "ConfigError",
    "Conflict",
    "Contact",
    "ContactDraft",
    "ContactFilter",
    "Counts",
    "ErrorCodes",
    "Fit",
    "Flow",
    "Given",
    "How",
    "InvalidRequest",
    "Limits",
    "Money",
    "NotFound",
    "OperationName",
    "OutcomeUnknown",
    "Page",
    "Paging",
    "Part",
    "PaymentRequired",
    "PermissionDenied",
    "Position",
    "Provider",
    "ProviderError",
    "RateLimited",
    "RawRows",
    "RedialPolicy",
    "Refusal",
    "Request",
    "Response",
    "Schedule",
    "ServerError",
    "Setting",
    "Start",
    "StatusTable",
    "StructureError",
    "Support",
    "Transition",
    "UnibatchError",
    "Unread",
    "UnreadableValue",
    "When",
    "Wire",
    "carry_out",
    "collect",
    "create_once",
    "decode",
    "delete_once",
    "digest",
    "encode",
    "from_unix_milliseconds",
    "from_unix_seconds",
    "instant_or_none",
    "is_ambiguous",
    "is_e164",
    "maker_of_blank_contacts",
    "mapping_or_empty",
    "outcome_unknown",
    "partly_created",
    "phone_from_vendor",
    "read",
    "read_all",
    "read_leniently",
    "recent",
    "require_all_taken",
    "require_not_over",
    "require_open",
    "require_whole",
    "required",
    "reread_created",
    "retry_once",
    "rows_or_none",
    "seal_contacts",
    "seconds",
    "segment",
    "text_or_none",
    "time_of_day",
    "translate_at",
    "utc",
    "where_to_look",
]
