"""Everything that a vendor's file imports of unibatch, whether it is built in or in a package of its own.

A provider imports this module and nothing else of unibatch. The docstring of each name says what it is for,
`CONTRIBUTING.md` shows the steps, and ``unibatch.testing.ProviderContract`` tests the result.

**Promise.** These names, and what they take and return, stay as they are until the next major version. New names and
optional parameters may come at any time. Before a name goes, it is deprecated, with a warning, for at least one minor
version. Attributes that begin with an underscore belong to unibatch; only ``_fields`` and ``_raw`` of a contact that is
being filled are for you.

A provider that only reads needs what follows up to **Return**, and the errors. The rest is for providers that write.

**Declare** what the vendor is and can do: `Provider`, `Capabilities`, `Support`, `Limits`, `Paging`, `UNPAGED`,
`Setting`, `OperationName`, `ErrorCodes`, and the status words: `StatusTable`, `CallStatus`, `CampaignStatus`;
`StatusReader` is the type of `Provider.read_call_status`.

**Ask**: `Flow`, `Request`, `Response`, `NO_CONTENT`, `segment` for ids in paths, `Position`, `CampaignFilter`,
`ContactFilter`.

**Read answers**: ``Provider.read_answer`` reads JSON into subclasses of `Wire` and `Unread`, and leaves out what cannot
be read; `read` refuses it. `decode` reads into plain data, `read_leniently` a body that may be anything, and
`read_refusal` an error. For values: `required`, `rows_or_none`, `mapping_or_empty`, `text_or_none`, `instant_or_none`,
`utc` and `NO_TIME`, `starting_time`, `from_unix_seconds`, `from_unix_milliseconds`, `seconds` and `known_seconds`,
`time_of_day`, `money`; for all rows of a page `required_ids`, `utc_times`, `durations`. What is not as documented is a
`StructureError`, or an `UnreadableValue` if the answer can do without it; `translate_at` and `collect` add where it is.
Where ``null`` and a missing key of a `Wire` mean different things, the default is `UNSET`, of the type `UnsetType`.

**Describe webhooks** by `Webhooks`, `HmacSignature`, `SharedSecret` and `EventType`.

**Return**: `Page`, `Campaign`, `Counts`, `Schedule`, `RedialPolicy`, `Money`, `Contact`, `Account`, `AccountLimits`,
`Refusal`. Contacts come by the thousand, and are made in a quick way: `maker_of_blank_contacts`, `seal_contacts`,
`RawRows`. Their numbers are read by `phones_from_vendor`, a single one by `phone_from_vendor`, `is_e164` and `DIGITS`.
What only counts contacts asks with ``ContactFilter(results_only=True)``. A provider may return contacts all the same;
`Results`, which are columns, take less time; ``Provider.make_results`` makes them.

**Write**: a draft is a `CampaignDraft` of `ContactDraft`, `Start` and `Part`. `How`, `Fit` and `Given` say how each of
its fields is taken; the result is a `Composition`. `DRAFT_FIELD_NAMES` names the fields that need an entry, and
`PART_IN_NAME` is one. `join_names` and `reserved_names_fault` are for contacts. `encode` makes the body, and
`NEW_CAMPAIGN_ID` stands in requests for an id that is not known yet. `When` and `is_ambiguous` are for times.
`Transition` says when a change is possible. Campaigns are recognised by a `Mark`, which `read_mark` and `split_mark`
find in a text; `digest` is for other marks.

**Write without calling anybody twice**: `create_once`, `Adding` and `Added`, `carry_out`, `delete_once`, `retry_once`;
to look: `all_campaigns`, `read_all`, `Pager`, `ListingReport`, `recent`, `require_whole`, `reread`, `reread_created`,
`read_back`, `wait_while`, `with_placed`; to judge: `require_same_body`, `departure`, `not_as_asked`, `require_open`,
`require_all_taken`, `require_not_over`, `require_everybody_once`, `placed_before`, `partly_created`, `going_on`,
`outcome_unknown`, `where_to_look`; whose a campaign is: `mark_in`, `judge_overlap`, `by_text`, `Owner`; to recognise
one that carries no mark: `may_be`, `has_everybody`, `noted_and_empty`, `is_same_text`, `is_touched`, `by_age`.

**Errors** that a provider raises, catches or declares: `ConfigError`, `UnibatchError`, `UnsupportedFeature`,
`ProviderError`, `AuthenticationError`, `PermissionDenied`, `PaymentRequired`, `NotFound`, `Conflict`, `InvalidRequest`,
`RateLimited`, `ServerError`, `OutcomeUnknown`, `PartlyDone`.
"""

from msgspec import UNSET as UNSET
from msgspec import UnsetType as UnsetType

from unibatch.core.adding import Adding as Adding
from unibatch.core.adding import require_open as require_open
from unibatch.core.as_asked import departure as departure
from unibatch.core.as_asked import not_as_asked as not_as_asked
from unibatch.core.as_asked import require_all_taken as require_all_taken
from unibatch.core.as_asked import require_everybody_once as require_everybody_once
from unibatch.core.as_asked import require_same_body as require_same_body
from unibatch.core.blank import maker_of_blank_contacts as maker_of_blank_contacts
from unibatch.core.blank import seal_contacts as seal_contacts
from unibatch.core.creating import create_once as create_once
from unibatch.core.creating import going_on as going_on
from unibatch.core.creating import partly_created as partly_created
from unibatch.core.creating import placed_before as placed_before
from unibatch.core.creating import read_back as read_back
from unibatch.core.creating import require_not_over as require_not_over
from unibatch.core.creating import reread_created as reread_created
from unibatch.core.creating import where_to_look as where_to_look
from unibatch.core.draft import CampaignDraft as CampaignDraft
from unibatch.core.draft import ContactDraft as ContactDraft
from unibatch.core.draft import Part as Part
from unibatch.core.draft import Start as Start
from unibatch.core.draft import digest as digest
from unibatch.core.draft import join_names as join_names
from unibatch.core.draft_fields import DRAFT_FIELD_NAMES as DRAFT_FIELD_NAMES
from unibatch.core.draft_fields import PART_IN_NAME as PART_IN_NAME
from unibatch.core.draft_fields import Composition as Composition
from unibatch.core.draft_fields import Given as Given
from unibatch.core.draft_fields import How as How
from unibatch.core.draft_fields import reserved_names_fault as reserved_names_fault
from unibatch.core.errors import AuthenticationError as AuthenticationError
from unibatch.core.errors import ConfigError as ConfigError
from unibatch.core.errors import Conflict as Conflict
from unibatch.core.errors import InvalidRequest as InvalidRequest
from unibatch.core.errors import NotFound as NotFound
from unibatch.core.errors import OutcomeUnknown as OutcomeUnknown
from unibatch.core.errors import PartlyDone as PartlyDone
from unibatch.core.errors import PaymentRequired as PaymentRequired
from unibatch.core.errors import PermissionDenied as PermissionDenied
from unibatch.core.errors import ProviderError as ProviderError
from unibatch.core.errors import RateLimited as RateLimited
from unibatch.core.errors import ServerError as ServerError
from unibatch.core.errors import UnibatchError as UnibatchError
from unibatch.core.errors import UnsupportedFeature as UnsupportedFeature
from unibatch.core.event_type import EventType as EventType
from unibatch.core.findings import Fit as Fit
from unibatch.core.flow import NO_CONTENT as NO_CONTENT
from unibatch.core.flow import Flow as Flow
from unibatch.core.flow import Request as Request
from unibatch.core.flow import Response as Response
from unibatch.core.flow import segment as segment
from unibatch.core.likeness import by_age as by_age
from unibatch.core.likeness import has_everybody as has_everybody
from unibatch.core.likeness import is_same_text as is_same_text
from unibatch.core.likeness import is_touched as is_touched
from unibatch.core.likeness import may_be as may_be
from unibatch.core.likeness import noted_and_empty as noted_and_empty
from unibatch.core.looking import all_campaigns as all_campaigns
from unibatch.core.looking import outcome_unknown as outcome_unknown
from unibatch.core.looking import read_all as read_all
from unibatch.core.looking import recent as recent
from unibatch.core.looking import require_whole as require_whole
from unibatch.core.looking import reread as reread
from unibatch.core.looking import wait_while as wait_while
from unibatch.core.looking import with_placed as with_placed
from unibatch.core.mark import Mark as Mark
from unibatch.core.mark import read_mark as read_mark
from unibatch.core.mark import split_mark as split_mark
from unibatch.core.model import Account as Account
from unibatch.core.model import AccountLimits as AccountLimits
from unibatch.core.model import Campaign as Campaign
from unibatch.core.model import Contact as Contact
from unibatch.core.model import Counts as Counts
from unibatch.core.model import Money as Money
from unibatch.core.model import RedialPolicy as RedialPolicy
from unibatch.core.model import Schedule as Schedule
from unibatch.core.overlap import Owner as Owner
from unibatch.core.overlap import by_text as by_text
from unibatch.core.overlap import judge_overlap as judge_overlap
from unibatch.core.overlap import mark_in as mark_in
from unibatch.core.paging import UNPAGED as UNPAGED
from unibatch.core.paging import ListingReport as ListingReport
from unibatch.core.paging import Page as Page
from unibatch.core.paging import Pager as Pager
from unibatch.core.paging import Paging as Paging
from unibatch.core.paging import Position as Position
from unibatch.core.phone import DIGITS as DIGITS
from unibatch.core.phone import is_e164 as is_e164
from unibatch.core.phone import phone_from_vendor as phone_from_vendor
from unibatch.core.phone import phones_from_vendor as phones_from_vendor
from unibatch.core.provider import NEW_CAMPAIGN_ID as NEW_CAMPAIGN_ID
from unibatch.core.provider import Added as Added
from unibatch.core.provider import CampaignFilter as CampaignFilter
from unibatch.core.provider import Capabilities as Capabilities
from unibatch.core.provider import ContactFilter as ContactFilter
from unibatch.core.provider import ErrorCodes as ErrorCodes
from unibatch.core.provider import Limits as Limits
from unibatch.core.provider import OperationName as OperationName
from unibatch.core.provider import Provider as Provider
from unibatch.core.provider import Setting as Setting
from unibatch.core.provider import Support as Support
from unibatch.core.provider import Transition as Transition
from unibatch.core.raw import RawRows as RawRows
from unibatch.core.raw import decode as decode
from unibatch.core.refusal import Refusal as Refusal
from unibatch.core.refusal import read_refusal as read_refusal
from unibatch.core.results import Results as Results
from unibatch.core.status import CallStatus as CallStatus
from unibatch.core.status import CampaignStatus as CampaignStatus
from unibatch.core.status_table import StatusReader as StatusReader
from unibatch.core.status_table import StatusTable as StatusTable
from unibatch.core.steering import carry_out as carry_out
from unibatch.core.steering import delete_once as delete_once
from unibatch.core.steering import retry_once as retry_once
from unibatch.core.structuring import NO_TIME as NO_TIME
from unibatch.core.structuring import StructureError as StructureError
from unibatch.core.structuring import Unread as Unread
from unibatch.core.structuring import UnreadableValue as UnreadableValue
from unibatch.core.structuring import Wire as Wire
from unibatch.core.structuring import collect as collect
from unibatch.core.structuring import durations as durations
from unibatch.core.structuring import encode as encode
from unibatch.core.structuring import from_unix_milliseconds as from_unix_milliseconds
from unibatch.core.structuring import from_unix_seconds as from_unix_seconds
from unibatch.core.structuring import instant_or_none as instant_or_none
from unibatch.core.structuring import known_seconds as known_seconds
from unibatch.core.structuring import mapping_or_empty as mapping_or_empty
from unibatch.core.structuring import money as money
from unibatch.core.structuring import read as read
from unibatch.core.structuring import read_leniently as read_leniently
from unibatch.core.structuring import required as required
from unibatch.core.structuring import required_ids as required_ids
from unibatch.core.structuring import rows_or_none as rows_or_none
from unibatch.core.structuring import seconds as seconds
from unibatch.core.structuring import starting_time as starting_time
from unibatch.core.structuring import text_or_none as text_or_none
from unibatch.core.structuring import time_of_day as time_of_day
from unibatch.core.structuring import translate_at as translate_at
from unibatch.core.structuring import utc as utc
from unibatch.core.structuring import utc_times as utc_times
from unibatch.core.times import When as When
from unibatch.core.times import is_ambiguous as is_ambiguous
from unibatch.core.webhook_scheme import HmacSignature as HmacSignature
from unibatch.core.webhook_scheme import SharedSecret as SharedSecret
from unibatch.core.webhook_scheme import Webhooks as Webhooks
