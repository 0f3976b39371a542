"""Persons followed over frames: detectors list people in any order, which says nothing of who is who."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

__all__ = ["follow", "person_clips"]

NEAR = 0.5  # of a body's size, the median over all detections: how far a person may be from where they were last seen
SOME = 500  # detections tell how large people are
HANDS = 6.0  # times as large as what is seen is a body of which no detection ever shows more than hands and face
ENOUGH = 25  # keypoints to follow somebody by: a body, in the layouts that begin with one


def follow(frames, points):
    """Which person each detection is, numbered as they appear.

    In every frame, detections go to the persons seen before by the least sum of distances, each the mean over the
    keypoints seen both times; over the first 25 of them, where some of these were always seen. No keypoint counts as
    farther off than a body is large: a misplaced one does not make two of a person. Whoever is farther than half a
    body's size from everybody is somebody new; a person who comes back to where they were last seen is the same. Two
    who change places while one is out of sight are not noticed. Where nothing but hands is ever seen, a body counts as
    six times as large as they are.

    Parameters
    ----------
    frames : int array of shape (n,)
        The frame of each detection, ascending.
    points : float array of shape (n, n_keypoints, 2)
        NaN where nothing was seen; something was in each detection.

    Returns
    -------
    int array of shape (n,)
    """
    if not np.isnan(points[:, :ENOUGH, 0]).all(axis=1).any():
        points = points[:, :ENOUGH]
    some = points[::max(1, len(points) // SOME)]
    size = np.median(np.nanmax(some, axis=1) - np.nanmin(some, axis=1), axis=0).max()
    if np.isnan(points[:, :ENOUGH, 0]).all():
        size *= HANDS
    near = NEAR * size
    starts = np.flatnonzero(np.diff(frames, prepend=frames[0] - 1))
    ends = np.append(starts[1:], len(frames))
    steps = np.append(np.inf, _distance(points[1:], points[:-1], size))
    persons = np.empty(len(frames), int)
    last: list[int] = []  # by person: their latest detection
    alone = False
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        was_alone, alone = alone, end - start == 1
        if alone and was_alone and steps[start] <= near:  # nearly always, and needs no matrix
            persons[start] = persons[start - 1]
            last[persons[start]] = start
            continue
        found = dict.fromkeys(range(start, end))
        if last:
            distance = _distance(points[last][:, None], points[None, start:end], size)
            rows, columns = linear_sum_assignment(np.where(distance <= near, distance, 1e6 * (near + 1)))
            found |= {start + column: row for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
                      if distance[row, column] <= near}
        for detection, person in found.items():
            if person is None:
                person = len(last)
                last.append(detection)
            persons[detection] = person
            last[person] = detection
    return persons


def _distance(a, b, most):
    """Mean distance over the keypoints seen in both, none above `most`; infinite where there are none."""
    apart = np.minimum(np.hypot(*np.moveaxis(a - b, -1, 0)), most)
    both = ~np.isnan(apart)
    n = both.sum(axis=-1)
    return np.where(n, np.where(both, apart, 0).sum(axis=-1) / np.maximum(n, 1), np.inf)


def person_clips(frames, values, empty, *, people=None, min_frames=1, one_person=False):
    """(person, first frame, clip) of each person: clips from the first to the last frame they were seen in.

    Parameters
    ----------
    frames : int array of shape (n,)
        The frame of each detection, ascending.
    values : float array of shape (n, n_keypoints, n_channels)
        x and y come first, NaN where not seen; in each detection something was.
    empty : sequence of float
        The channels of a frame without a detection.
    people : int, optional
        Keep only so many persons, those with the most keypoints seen.
    min_frames : int
        Leave out persons who were seen in fewer frames.
    one_person : bool
        Whether all detections are one person's, by definition, wherever they are.
    """
    if people is not None and people < 1:
        raise ValueError(f"people must be at least 1, got {people!r}")
    if not len(frames):
        return []
    persons = np.zeros(len(frames), int) if one_person else follow(frames, values[..., :2])
    kept = np.flatnonzero(np.bincount(persons) >= min_frames)
    if people is not None:
        seen = np.bincount(persons, (~np.isnan(values[..., 0])).sum(axis=1))
        kept = np.sort(kept[np.argsort(-seen[kept], kind="stable")[:people]])
    clips = []
    for person in kept.tolist():
        mine = np.flatnonzero(persons == person)
        at = frames[mine] - frames[mine[0]]
        if len(mine) == len(values) == at[-1] + 1:
            clip = values  # nobody else, and in every frame: nothing to copy
        else:
            clip = np.empty((at[-1] + 1, *values.shape[1:]), values.dtype)
            clip[...] = empty
            clip[at] = values[mine]
        clips.append((person, int(frames[mine[0]]), clip))
    return clips
