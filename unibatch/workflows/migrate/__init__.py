"""Moving a half-finished campaign from one vendor to another: nobody is called twice, and nobody is lost."""

from unibatch.workflows.migrate.journal import forget_migration as forget_migration
from unibatch.workflows.migrate.ledger import Difference as Difference
from unibatch.workflows.migrate.ledger import LedgerEntry as LedgerEntry
from unibatch.workflows.migrate.ledger import MigrationStatus as MigrationStatus
from unibatch.workflows.migrate.ledger import Outcome as Outcome
from unibatch.workflows.migrate.ledger import PartStep as PartStep
from unibatch.workflows.migrate.ledger import Progress as Progress
from unibatch.workflows.migrate.ledger import Step as Step
from unibatch.workflows.migrate.ledger import TargetPart as TargetPart
from unibatch.workflows.migrate.ledger import Undone as Undone
from unibatch.workflows.migrate.ledger import Verification as Verification
from unibatch.workflows.migrate.migration import AsyncMigrationPlan as AsyncMigrationPlan
from unibatch.workflows.migrate.migration import MigrationPlan as MigrationPlan
from unibatch.workflows.migrate.migration import open_migration as open_migration
from unibatch.workflows.migrate.migration import open_migration_async as open_migration_async
from unibatch.workflows.migrate.migration import plan_migration as plan_migration
from unibatch.workflows.migrate.migration import plan_migration_async as plan_migration_async
from unibatch.workflows.migrate.plan import DecisionCount as DecisionCount
from unibatch.workflows.migrate.plan import Estimate as Estimate
from unibatch.workflows.migrate.plan import PlanFacts as PlanFacts
from unibatch.workflows.migrate.plan import Side as Side
from unibatch.workflows.migrate.plan import ZoneHours as ZoneHours
