"""The command ``providers``: what each provider declares of its vendor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from unibatch.cli.options import examples, format_option, provider_arguments

if TYPE_CHECKING:
    from unibatch import Provider

    Kind: TypeAlias = type[Provider]

_STATUS_COLUMNS = ("provider", "kind", "vendor_status", "status", "meaning")


@click.command(
    epilog=examples(
        "unibatch providers",
        "unibatch providers truedy talkifai",
        "unibatch providers --statuses",
        "unibatch providers --format json",
    ),
)
@provider_arguments
@click.option("--statuses", is_flag=True, help="Show each vendor's status words, and what they mean, instead.")
@format_option
def providers(*, names: tuple[str, ...], statuses: bool, form: str) -> None:
    """Compare what the vendors can do, side by side.

    The facts are from the vendors' documentation. Needs no configuration and no network.
    """
    show_vendors(names, statuses=statuses, form=form)


def show_vendors(names: Sequence[str], *, statuses: bool, form: str) -> None:
    """Print what these vendors can do, or all; or their status words."""
    from unibatch.cli.output import write_data
    from unibatch.providers import registry

    kinds = [registry.load(name) for name in names or registry.names()]
    if form == "table":
        from unibatch.cli.provider_tables import Matrix, status_tables
        from unibatch.cli.tables import screen, show_on, widen_for

        console = screen()
        if statuses:
            show_on(console, *status_tables(kinds))
            return
        matrix = Matrix(kinds)
        rendered = matrix.render()
        widen_for(console, matrix.table)
        show_on(console, rendered)
    elif statuses:
        write_data(form, [row for kind in kinds for row in _status_rows(kind)], _STATUS_COLUMNS)
    else:
        facts = [_facts(kind) for kind in kinds]
        write_data(form, facts, _paths(facts[0]))


def _facts(kind: Kind) -> dict[str, Any]:
    from unibatch import Client, to_dict

    can = kind.capabilities
    return {
        "name": kind.name,
        "title": kind.title,
        "base_url": kind.base_url,
        "operations": {
            name: {**to_dict(support), "in_unibatch": hasattr(Client, name)} for name, support in can.operations.items()
        },
        "server_filters": sorted(can.server_filters),
        "paging": {"campaigns": to_dict(can.campaign_paging), "contacts": to_dict(can.contact_paging)},
        "limits": to_dict(can.limits),
        "webhooks": to_dict(can.webhooks),
        "contact_fields": sorted(can.contact_fields),
        "campaign_fields": sorted(can.campaign_fields),
        "settings": {name: setting.purpose for name, setting in kind.settings.items()},
    }


def _paths(facts: Mapping[str, Any]) -> list[str]:
    """The CSV columns: one for each value, but one for all settings, whose names differ between vendors."""
    paths = []
    for name, value in facts.items():
        if isinstance(value, dict) and name != "settings":
            paths += [f"{name}.{path}" for path in _paths(value)]
        else:
            paths.append(name)
    return paths


def _status_rows(kind: Kind) -> list[dict[str, str]]:
    tables: dict[str, Any] = {"call": kind.call_statuses, "campaign": kind.campaign_statuses}
    return [
        dict(zip(_STATUS_COLUMNS, (kind.name, what, word, status.value, status.meaning), strict=True))
        for what, table in tables.items()
        for word, status in table
    ]
