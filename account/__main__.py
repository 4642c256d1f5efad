"""`python -m account`: what `make account` runs."""

import sys
from pathlib import Path

import click

from .access import Access, granted
from .deletion import delete_run
from .errors import AccountError, RefusedError
from .run import PARTS, Plan, new_name, run

_DIFFERS, _NOT_RUN = 1, 2


@click.command()
@click.option("--yes", "said", default="", help="Id of the AWS account to deploy to.")
@click.option("--region", help="AWS region. Default: that of your profile.")
@click.option(
    "--only", multiple=True, type=click.Choice(PARTS), help="Run only this part. Repeatable."
)
@click.option("--keep", is_flag=True, help="Delete nothing at the end; --clean does it later.")
@click.option("--clean", metavar="NAME", help="Only delete what an earlier run left behind.")
@click.option("--built", type=click.Path(exists=True, path_type=Path), help="A built template.")
@click.option("--items", default=1_000, show_default=True, help="Items of the largest map.")
@click.option("--outage", default=60.0, show_default=True, help="Seconds without a permission.")
@click.option("--patience", default=300.0, show_default=True, help="Seconds to wait for metrics.")
def main(  # noqa: PLR0913 - options
    *,
    said: str,
    region: str | None,
    only: tuple[str, ...],
    built: Path | None,
    clean: str | None,
    items: int,
    outage: float,
    patience: float,
    keep: bool,
) -> None:
    """Check the stack in an AWS account, and delete what that has made."""
    try:
        access = granted(said, region)
    except RefusedError as error:
        click.echo(str(error), err=True)
        sys.exit(_NOT_RUN)
    if clean:
        sys.exit(_deleted(access, clean))
    plan = Plan(
        name=new_name(),
        parts=only or PARTS,
        built=built,
        many_items=items,
        outage_seconds=outage,
        patience=patience,
    )
    click.echo(f"run {plan.name} in account {said}, {access.region}")
    sys.exit(_run(access, plan, keep=keep))


def _run(access: Access, plan: Plan, *, keep: bool) -> int:
    code = _NOT_RUN
    try:
        findings = run(access, plan, click.echo)
        click.echo(f"{len(findings)} differences")
        code = _DIFFERS if findings else 0
    except AccountError as error:
        click.echo(str(error), err=True)
    finally:
        if keep:
            click.echo(f"kept: delete it with `make account YES=<account> CLEAN={plan.name}`")
        else:
            code = max(code, _deleted(access, plan.name))
    return code


def _deleted(access: Access, name: str) -> int:
    failed = delete_run(access, name, click.echo)
    for each in failed:
        click.echo(f"not deleted: {each}", err=True)
    return _NOT_RUN if failed else 0


if __name__ == "__main__":
    main()
