"""The options that say whom to call, for ``create``, ``add`` and ``preflight``."""

from __future__ import annotations

import click

from unibatch.cli.options import together

_WHOM = "Whom to call: a CSV, XLSX or JSON Lines file; - for stdin. Required"

contacts_option = click.option(
    "--contacts", metavar="FILE", help=f"{_WHOM}, unless --set names people whom the vendor has."
)
reading_options = together(
    click.option("--region", metavar="CODE", help="The country of numbers without a country code, such as US or DE."),
    click.option(
        "--map",
        "columns",
        multiple=True,
        metavar="HEADER=FIELD",
        help="What a column holds: phone_number, name, first_name, last_name, email, external_id, any other name for "
        "custom data, do_not_call, or - to leave it out. Repeatable. Default: a guess.",
    ),
    click.option("--encoding", metavar="NAME", help="The encoding of the file, such as cp1250. Default: a guess."),
    click.option("--sheet", metavar="NAME", help="The sheet of a workbook, if several have content."),
    click.option(
        "--skip-file", metavar="FILE", help="The numbers that must never be called: one a line, or a table of them."
    ),
    click.option("--skip-invalid", is_flag=True, help="Leave out the rows that are not contacts."),
    click.option(
        "--rejected",
        metavar="FILE",
        help="Write the rows that are not contacts to a CSV file, each with the reason.",
    ),
)
accept_loss_option = click.option(
    "--accept-loss",
    multiple=True,
    metavar="FIELD",
    help="Go on although the vendor cannot do this; `unibatch preflight` names the fields. Repeatable.",
)
contact_options = together(
    click.option("--contacts", metavar="FILE", help=f"{_WHOM}."), reading_options, accept_loss_option
)
