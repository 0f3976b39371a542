"""Trials that several processes share: begun, kept alive, counted, and taken from who is gone."""

from __future__ import annotations

import signal
import sys
import threading
import time
import warnings
from contextlib import contextmanager

from optuna.exceptions import StorageInternalError, TrialPruned, UpdateFinishedTrialError
from optuna.trial import TrialState

__all__ = ["Watch", "check_completed", "claim", "counted", "run_trial", "sigterm_exits", "trials_of"]


def trials_of(study):
    """All trials as they are now, by number. A look at a database costs as much as a commit: share one."""
    return study.get_trials(deepcopy=False)


def counted(trials):
    """Those that are among a search's `n_trials`.

    They were completed or pruned, or failed by an error of their own. Failed without one are those of processes that
    were killed or interrupted: they are tried again.
    """
    return [trial for trial in trials if _counts(trial)]


def _counts(trial):
    return (trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
            or trial.state == TrialState.FAIL and "error" in trial.user_attrs)


def check_completed(trials):
    """Refuse to choose among trials of which none was completed, and tell what became of them."""
    if any(trial.state == TrialState.COMPLETE for trial in trials):
        return
    errors = [f"trial {t.number}: {t.user_attrs['error']}" for t in trials if t.state == TrialState.FAIL]
    pruned = len(trials) - len(errors)
    raise ValueError("; ".join([f"no trial was completed: {len(errors)} failed, {pruned} were pruned", *errors[:3]]))


def _taken(trials):
    """Trials that count, or may yet."""
    return [trial for trial in trials if _counts(trial) or trial.state == TrialState.RUNNING]


def claim(study, n_trials, trials):
    """Begin a trial, unless `n_trials` are done or under way.

    The storage numbers trials one by one, whoever asks. So of processes that ask at once, those go back whose number
    has `n_trials` before it, and there are never too many.

    Parameters
    ----------
    study : optuna.Study
    n_trials : int or None
    trials : list of FrozenTrial
        As of just now.

    Returns
    -------
    trial : optuna.Trial or None
    slot : int
        The first place that no other trial has. A trial that was given back leaves its place to the next.
    """
    enough = float("inf") if n_trials is None else n_trials
    if len(_taken(trials)) >= enough:
        return None, -1
    trial = study.ask()
    earlier = [other for other in _taken(trials_of(study)) if other.number < trial.number]
    if len(earlier) >= enough:
        _give_back(study, trial, "superfluous")
        return None, -1
    slots = {other.user_attrs.get("claim", {}).get("slot") for other in earlier}
    slot = next(i for i in range(len(earlier) + 1) if i not in slots)
    trial.set_user_attr("claim", {"slot": slot, "beat": time.time()})
    return trial, slot


def run_trial(study, trial, slot, evaluate, value_of, grace=None):
    """Evaluate a trial and record what came of it.

    Parameters
    ----------
    evaluate : callable
        Makes a generator of folds' scores of a trial and its slot. Its own errors end the search; those of the
        folds fail the trial.
    value_of : callable
        The trial's value, of all folds.
    grace : float, optional
        Seconds, for the `heartbeat`. Default: no other process looks on.

    Returns
    -------
    trial : optuna.trial.FrozenTrial
    error : Exception or None
    """
    folds: list[dict] = []
    state, value, error = TrialState.COMPLETE, None, None
    try:
        with heartbeat(trial, slot, grace):
            scores = evaluate(trial, slot)
            try:
                for fold in scores:
                    folds.append(fold)
                value = value_of(folds)
            except TrialPruned:
                state = TrialState.PRUNED
            except Exception as caught:
                state, error = TrialState.FAIL, caught
        return _record(study, trial, state, value, folds, error), error
    except BaseException:
        _give_back(study, trial, "interrupted")
        raise


def _record(study, trial, state, value, folds, error):
    try:
        trial.set_user_attr("folds", folds)
        if error is not None:
            where = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
            trial.set_user_attr("error", f"{type(error).__name__}: {error}{where}")
    except UpdateFinishedTrialError:
        warnings.warn(f"trial {trial.number} was taken by another process, which had not heard of this one for long; "
                      f"what it came to here is dropped", stacklevel=4)
        return study.trials[trial.number]
    return study.tell(trial, value, state=state, skip_if_finished=True)


def _give_back(study, trial, reason):
    """End a trial so that it does not count."""
    try:
        trial.set_user_attr("given_back", reason)
    except UpdateFinishedTrialError:  # recorded already, or taken by another process
        return
    study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)


@contextmanager
def heartbeat(trial, slot, grace):
    """Show, while the block runs, that the trial's process is alive; with a grace of None, to nobody."""
    if grace is None:
        yield
        return
    over = threading.Event()

    def beat():
        while not over.wait(grace / 5):
            try:
                trial.set_user_attr("claim", {"slot": slot, "beat": time.time()})
            except UpdateFinishedTrialError:
                return
            except StorageInternalError:  # such as a database that is busy: the next one will do
                continue

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Watch:
    """Looks after the running trials of other processes.

    A trial is taken from its process when no heartbeat has come for `grace` seconds of this process's own clock:
    clocks of machines differ. Only a last one of ten times that is taken at its word.
    """

    def __init__(self, study, grace):
        self.study, self.grace = study, grace
        self.seen: dict[int, tuple[float, float]] = {}

    def reap(self, trials):
        """Fail those of processes that are gone."""
        now = time.monotonic()
        for trial in trials:
            if trial.state != TrialState.RUNNING:
                continue
            beat = trial.user_attrs.get("claim", {}).get("beat", 0.0)
            last, since = self.seen.get(trial.number, (None, now))
            if beat != last:
                since = now
            self.seen[trial.number] = beat, since
            if now - since > self.grace or (beat and time.time() - beat > 10 * self.grace):
                self._fail(trial.number)

    def _fail(self, number):
        try:
            self.study.tell(number, state=TrialState.FAIL, skip_if_finished=True)
        except UpdateFinishedTrialError:  # another process was quicker, or it was alive and is done
            return


@contextmanager
def sigterm_exits():
    """Let SIGTERM unwind the block, unless the program has a handler of its own."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
