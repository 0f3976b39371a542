"""Tables of errors: per region or keypoint, for each signer, beside the baselines."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from ._alignment import Alignment, check_clips, position_error, totals

__all__ = ["ErrorRow", "ErrorTable", "error_table"]


@dataclass(frozen=True)
class ErrorRow:
    """The MPJPE of one model on one part of the skeleton; errors in the unit of the clips."""

    part: str  # "all", a region or a keypoint
    model: str
    mean: float  # over the signers
    spread: float  # standard deviation over the signers
    worst_signer: str
    worst: float
    skill: float | None  # 1 - mean / mean of the reference; None without one, for itself, and if it has no error
    signers: dict[str, float]  # of the signers with anything comparable
    count: int  # keypoint-frames compared


@dataclass(frozen=True)
class ErrorTable:
    """Rows of errors, the whole first; `str` of it is the table as plain text."""

    rows: tuple[ErrorRow, ...]

    def to_dict(self):
        """The rows as plain values, ready for JSON."""
        return {"rows": [asdict(row) for row in self.rows]}

    def cells(self):
        """The table as lists of text, the header first, four significant digits."""
        signers = list(dict.fromkeys(signer for row in self.rows for signer in row.signers))
        lines = [["part", "model", "mean", "spread", "worst", "signer", "skill", *signers]]
        for row in self.rows:
            lines.append([row.part, row.model, f"{row.mean:.4g}", f"{row.spread:.4g}", f"{row.worst:.4g}",
                          row.worst_signer, "-" if row.skill is None else f"{row.skill:.3f}",
                          *(f"{row.signers[s]:.4g}" if s in row.signers else "-" for s in signers)])
        return lines

    def __str__(self):
        lines = self.cells()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                                   for i, (cell, width) in enumerate(zip(line, widths, strict=True)))
                         for line in lines)


def error_table(y_true, predictions, groups, skeleton, *, reference=None, keypoints=False, per_region=True,
                regions=None, include_root=False):
    """MPJPE of several models, per region and keypoint, for each signer.

    Within a signer the mean goes over keypoint-frames, and then over signers: each signer
    weighs the same, however much was recorded. All models are compared on the same
    keypoint-frames: those that are seen in the truth and predicted by every one of them.
    A part in which there are none has no row.

    Parameters
    ----------
    y_true : sequence of n_clips arrays
        Depths ``(n_frames, n_keypoints)`` or positions ``(n_frames, n_keypoints, 3)``.
    predictions : mapping of str to such sequences
        The models' predictions, by the models' names.
    groups : array of shape (n_clips,)
        The signer of each clip.
    skeleton : Skeleton
        Names the regions and their roots.
    reference : str, optional
        The model, such as the mean pose, that the others' skill is measured against.
    keypoints : bool, default=False
        Whether each keypoint has rows as well.
    per_region, regions, include_root
        As in `mpjpe`.

    Returns
    -------
    ErrorTable
        Rows in the unit of the clips: for the whole, for each region, for each keypoint.

    Raises
    ------
    ValueError
        If nothing is comparable.

    Examples
    --------
    >>> from liftz import Skeleton
    >>> from liftz.tables import error_table
    >>> arm = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder", regions={
    ...     "upper": ["shoulder", "elbow"], "lower": ["wrist"]})
    >>> y_true = [[[0, 10, 20]], [[0, 10, 40]]]
    >>> table = error_table(y_true, {"flat": [[[0, 0, 0]], [[0, 0, 0]]], "lifter": [[[0, 9, 18]], [[0, 8, 34]]]},
    ...                     groups=["Ann", "Ben"], skeleton=arm, reference="flat")
    >>> print(table)
    part   model   mean  spread  worst  signer  skill  Ann  Ben
    all    flat      20       5     25     Ben      -   15   25
    all    lifter  2.75    1.25      4     Ben  0.863  1.5    4
    upper  flat      10       0     10     Ann      -   10   10
    upper  lifter   1.5     0.5      2     Ben  0.850    1    2
    lower  flat      30      10     40     Ben      -   20   40
    lower  lifter     4       2      6     Ben  0.867    2    6
    """
    if not predictions or (reference is not None and reference not in predictions):
        raise ValueError(f"expected predictions by name, {f'{reference!r} among them' if reference else 'at least one'}"
                         f", got {list(predictions)}")
    truth, *checked = check_clips(skeleton, y_true=y_true,
                                  **{f"prediction {model!r}": clips for model, clips in predictions.items()})
    groups = np.asarray(groups)
    if groups.shape != (len(truth),):
        raise ValueError(f"groups has shape {groups.shape}, expected the signer of each of {len(truth)} clips")
    alignment = Alignment(truth, skeleton, per_region=per_region, regions=regions, include_root=include_root)
    sums, counts = totals(truth, checked, alignment, position_error)
    signers, signer_of = np.unique(groups, return_inverse=True)
    counts = np.stack([counts[signer_of == s].sum(axis=0) for s in range(len(signers))])
    sums = np.stack([sums[:, signer_of == s].sum(axis=1) for s in range(len(signers))], axis=1)

    rows = []
    for part, columns in _parts(skeleton, alignment.columns, keypoints):
        count = counts[:, columns].sum(axis=1)
        comparable = count > 0
        if not comparable.any():
            continue
        errors = dict(zip(predictions, sums[:, :, columns].sum(axis=2)[:, comparable] / count[comparable],
                          strict=True))
        for model, error in errors.items():
            worst = int(error.argmax())
            skill = None
            if reference is not None and model != reference and errors[reference].any():
                skill = float(1 - error.mean() / errors[reference].mean())
            names = [str(signer) for signer in signers[comparable]]
            rows.append(ErrorRow(part, model, float(error.mean()), float(error.std()), names[worst],
                                 float(error[worst]), skill, dict(zip(names, map(float, error), strict=True)),
                                 int(count.sum())))
    return ErrorTable(tuple(rows))


def _parts(skeleton, columns, keypoints):
    """Names of the parts, and their positions among the compared columns."""
    yield "all", np.arange(len(columns))
    for region in skeleton.regions:
        yield region, np.flatnonzero(np.isin(columns, skeleton.region_indices(region)))
    if keypoints:
        yield from ((skeleton.keypoints[c], np.array([i])) for i, c in enumerate(columns))
