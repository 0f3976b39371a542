"""`liftz tune`: the recommended lifter, tuned by signer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .._words import some
from . import options
from .common import Track, errors_told, known_keypoints, say
from .inputs import notes_told
from .outputs import check_lifter_output

PICTURES = ("history", "importances", "slices")


def tune(
    data: options.Data = None,
    more: options.MoreData = None,
    track: Annotated[Track, typer.Option(help="T1: x and y as recorded. T2: pixels, with noise and gaps.")] = Track.T1,
    cameras: options.Cameras = None,
    keypoints_of: options.KeypointsOf = None,
    root: options.Root = None,
    select: options.Select = None,
    signers: options.Signers = None,
    depth_units: options.DepthUnits = None,
    trials: Annotated[int, typer.Option(min=1, help="In all, with those that are in the storage already.")] = 30,
    minutes: Annotated[float | None, typer.Option(min=0, help="After which no further trial is begun.")] = None,
    output: Annotated[Path, typer.Option(help="The lifter that comes of it.")] = Path("tuned.liftz"),
    storage: Annotated[str | None, typer.Option(
        help="A database, as sqlite:///tune.db, or a journal file. [default: beside the output]")] = None,
    study: Annotated[str, typer.Option(help="Its name in the storage.")] = "tune",
    pictures: Annotated[Path | None, typer.Option(help="Draw history, importances, slices into this folder.")] = None,
    folds: Annotated[int, typer.Option(min=2, help="Groups of signers, each left out in turn.")] = 5,
    epochs: Annotated[tuple[int, int], typer.Option(min=1, help="Fewest and most passes to try.")] = (20, 120),
    nets: Annotated[int | None, typer.Option(min=1, help="Nets of the lifter; a trial has one.")] = None,
    look_ahead: options.LookAhead = None,
    seed: Annotated[int, typer.Option(help="Of nets and search, and of track T2's noise and gaps.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Folds at once, a process each.")] = 1,
    device: options.Device = "cpu",
    fps: options.Fps = None,
    units: options.XYUnits = None,
    read: options.Read = None,
):
    """Tune the recommended lifter on groups of signers left out, and write the best.

    DATA are as for liftz fit; without them, synthetic signing. The same command goes on where it was stopped or
    killed, and several of it at once share the trials. Signers that you want to measure the lifter on must not be in
    the data.
    """
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    given = options.sources(data, more, "synthetic")
    check_lifter_output(output, [*given, *([signers] if signers else [])])
    storage = storage or str(output.with_suffix(".journal"))
    if output.resolve() == Path(storage).resolve():
        raise typer.BadParameter(f"{output} is where the trials are kept: expected another name, such as "
                                 f"{output.with_suffix('.liftz')}", param_hint="--output")
    if pictures is not None and pictures.exists() and not pictures.is_dir():
        raise typer.BadParameter(f"{pictures} is a file, expected a folder", param_hint="--pictures")
    if epochs[0] > epochs[1]:
        raise typer.BadParameter(f"expected the fewest first, got {epochs[0]} {epochs[1]}", param_hint="--epochs")
    with errors_told():
        from .training import open_training

        with notes_told(errors):
            opened, recipe = open_training(
                console, errors, given, track=track.value, cameras=cameras, signers=signers, keypoints_of=keypoints_of,
                root=root, depth_units=depth_units, fps=fps, units=units, read=read, seed=seed)
        recipe = recipe | ({} if look_ahead is None else {"look_ahead": look_ahead})
        _tune(console, opened, given, recipe, track.value, select, output, pictures, folds, epochs, nets, seed, device,
              n_trials=trials, timeout=None if minutes is None else 60 * minutes, study_name=study, n_jobs=jobs,
              storage=storage)


def _tune(console, data, given, recipe, track, select, output, pictures, folds, epochs, nets, seed, device,
          **search_by):
    from sklearn.base import clone
    from sklearn.model_selection import GroupKFold

    from .. import persistence
    from ..lifter import make_lifter
    from ..tuning import OptunaSearch, lifter_space
    from .fit import model_facts
    from .training import check_signers

    if pictures is not None:
        from ..plots._drawing import require

        require("matplotlib")
    signers = check_signers(data, given, "tuning splits by signer")
    known = known_keypoints(console, data, select)
    lifter = make_lifter(data.skeleton, select=known, random_state=seed, device=device, **recipe)
    space = lifter_space(lifter, max_epochs=epochs)
    own = {name: value for name, value in lifter.get_params().items() if name in space and _in(value, space[name])}
    search = OptunaSearch(clone(lifter).set_params(lift__regressor__n_nets=1), space, start=[own], pruner=_pruner(),
                          cv=GroupKFold(min(folds, len(signers))), refit=False, random_state=seed, progress_bar=True,
                          **search_by)
    say(console, f"{some(given, 3)}: {len(signers)} signers in {search.cv.get_n_splits()} groups, {len(data.X)} clips "
                 f"of {data.skeleton.name}, track {track}; trials are kept in {search_by['storage']}")
    search.fit(data.X, data.y, groups=data.groups, lift__groups=data.groups)
    _print(console, search, data.units)
    if nets is not None:
        lifter.set_params(lift__regressor__n_nets=nets)
    lifter.set_params(**search.best_params_).fit(data.X, data.y, groups=data.groups)
    persistence.save(lifter, output, facts=model_facts(data, known))
    say(console, f"the best, fitted on all signers, is in {output}")
    if pictures is not None:
        _draw(search.study_, data.units, pictures)
        say(console, f"pictures are in {pictures}: {', '.join(PICTURES)}")


def _in(value, distribution):
    choices = getattr(distribution, "choices", None)
    return value in choices if choices else value is not None and distribution.low <= value <= distribution.high


def _pruner():
    import warnings

    from optuna.exceptions import ExperimentalWarning
    from optuna.pruners import WilcoxonPruner

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return WilcoxonPruner(p_threshold=0.3)


def _print(console, search, units):
    """The trials, the best first."""
    import numpy as np
    from rich.table import Table

    table = search.cv_results_
    grid = Table(title=f"trials; MPJPE in {units} on signers left out", title_justify="left")
    for name in ("trial", "state", "MPJPE", "worst", "seconds"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("parameters", overflow="fold")
    errors = -np.array([table[f"split{k}_test_score"] for k in range(search.n_splits_)])
    for i in np.argsort(-table["mean_test_score"], kind="stable"):  # NaN, of what was pruned or failed, last
        took = (table["mean_fit_time"][i] + table["mean_score_time"][i]) * search.n_splits_
        figures = -table["mean_test_score"][i], errors[:, i].max(), took
        grid.add_row(str(table["trial"][i]), table["state"][i],
                     *("" if np.isnan(figure) else f"{figure:.2f}" for figure in figures), _text(table["params"][i]))
    console.print(grid)
    best = search.best_index_
    say(console, f"best: trial {table['trial'][best]}, {-search.best_score_:.2f} {units}; {_text(search.best_params_)}")


def _text(params):
    """``lr 0.002, layers 1``, of names without their steps."""
    return ", ".join(f"{_short(name)} {f'{value:.3g}' if isinstance(value, float) else value}"
                     for name, value in params.items())


def _short(name):
    return name.rpartition("regressor__")[2]


def _draw(study, units, folder):
    """How the best came about, what mattered, and the error over each parameter."""
    import warnings

    import matplotlib
    from optuna.trial import TrialState
    from optuna.visualization import matplotlib as plots

    from .._files import atomic_write

    matplotlib.use("agg")
    trials = [trial for trial in study.trials if trial.state == TrialState.COMPLETE]
    if len(trials) < 2:
        raise ValueError(f"pictures take two completed trials at least, got {len(trials)}")
    folder.mkdir(parents=True, exist_ok=True)
    options: dict = {"target": lambda trial: -trial.value, "target_name": f"MPJPE, {units}"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # these plots are Optuna's experiments
        figures = (plots.plot_optimization_history(study, **options).figure,
                   plots.plot_param_importances(study, **options).figure, _slices(trials, units))
    for name, figure in zip(PICTURES, figures, strict=True):
        with atomic_write(folder / f"{name}.png") as file:
            figure.savefig(file, dpi=150, bbox_inches="tight")


def _slices(trials, units):
    """A panel for each parameter; Optuna's own stand in one row, over each other's names."""
    import matplotlib.pyplot as plt
    import matplotlib.ticker

    names = list(trials[0].params)
    n_rows = -(-len(names) // 4)
    figure, panels = plt.subplots(n_rows, 4, figsize=(12, 2.6 * n_rows), sharey=True, layout="constrained")
    for panel in panels.flat[len(names):]:
        panel.set_visible(False)
    for panel, name in zip(panels.flat, names, strict=False):
        distribution = trials[0].distributions[name]
        values = [trial.params[name] for trial in trials]
        panel.scatter([str(v) for v in values] if hasattr(distribution, "choices") else values,
                      [-trial.value for trial in trials], c=[trial.number for trial in trials], edgecolors="black")
        panel.set_xlabel(_short(name))
        if getattr(distribution, "log", False):
            panel.set(xscale="log", xlim=(0.9 * distribution.low, 1.1 * distribution.high))
            panel.xaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
    figure.supylabel(f"MPJPE, {units}; the lighter, the later")
    return figure
