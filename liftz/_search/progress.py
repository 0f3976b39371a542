"""A bar of trials on standard error."""

from __future__ import annotations

from contextlib import contextmanager

from optuna.trial import TrialState

from .trials import counted

__all__ = ["progress"]


@contextmanager
def progress(shown, n_trials):
    """A function that shows how far a study is by its trials, and its best value; or does nothing."""
    if not shown:
        yield lambda trials: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = [TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, TextColumn("{task.description}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=n_trials)

        def show(trials):
            done = counted(trials)
            values = [trial.value for trial in done if trial.state == TrialState.COMPLETE]
            bar.update(task, completed=len(done), description=f"best score {max(values):.4g}" if values else "")

        yield show
