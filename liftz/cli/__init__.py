"""The `liftz` command: a thin door to the library, one module for each of its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from .convert import convert
from .evaluate import evaluate
from .fit import fit
from .info import info
from .lift import lift
from .stats import stats
from .tune import tune
from .view import view

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="Lift 2D signing keypoints into depth.")


def _version(asked: bool):
    if asked:
        from .. import __version__

        typer.echo(f"liftz {__version__}")
        raise typer.Exit


@app.callback()
def main(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False):
    """Lift 2D signing keypoints into depth."""


for command in (evaluate, fit, lift, convert, info, view, stats, tune):
    app.command()(command)
