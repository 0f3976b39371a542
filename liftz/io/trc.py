"""TRC, Motion Analysis' track row column: positions as tab-separated text, for OpenSim."""

from __future__ import annotations

import os

from liftz._files import atomic_write

from ._about import checked_first
from ._points import check_points, plain_names, to_y_up

__all__ = ["write_trc"]


def write_trc(path, points, skeleton, *, fps, units="mm", y_up=True, first_frame=0):
    """Write a clip as a TRC file.

    Parameters
    ----------
    path : str or path-like
        The file to write. One that is there is replaced once the new one is whole.
    points : array of shape (n_frames, n_keypoints, 3)
        Positions in `units`: x, y, and z away from the camera. NaN is not known, and ``nan`` in the file.
    skeleton : Skeleton
        Names the markers; whatever is not an ASCII letter or digit becomes an underscore.
    fps : float
        Frames per second.
    units : str, default="mm"
        What the file says of its numbers, which are those of `points`. OpenSim knows mm, cm and m.
    y_up : bool, default=True
        Whether the points' +y is up, and +x to the picture's left; else +y is down, and +x to the right. In the file,
        y is up and z points towards the camera.
    first_frame : int, default=0
        Which frame of its recording the clip begins with. In the file, a recording's frame 0 has the number 1, and the
        time 0.

    Raises
    ------
    ValueError
        If the points, `fps`, `units` or `first_frame` cannot be written.

    Notes
    -----
    Some programs leave the cells of a missing marker empty instead. OpenSim reads both, but an empty last cell it
    takes for a broken line, and readers that split at white space move up all that follows.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from liftz import Skeleton
    >>> from liftz.io.trc import write_trc
    >>> arm = Skeleton("arm", ["elbow", "wrist"], root="elbow")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "arm.trc")
    ...     write_trc(path, [[[0, 0, 0], [250.5, 0, -1]]], arm, fps=25)
    ...     print(path.read_text().replace("\\t", " "))
    PathFileType 4 (X/Y/Z) arm.trc
    DataRate CameraRate NumFrames NumMarkers Units OrigDataRate OrigDataStartFrame OrigNumFrames
    25 25 1 2 mm 25 1 1
    Frame# Time elbow wrist
      X1 Y1 Z1 X2 Y2 Z2
    <BLANKLINE>
    1 0.000000 0 0 0 -250.5 0 1
    """
    clip = to_y_up(check_points(points, skeleton, fps, units), y_up)
    first = checked_first(first_frame)
    n_frames, n_markers, _ = clip.shape
    rate = f"{fps:.10g}"
    name = "".join(c if c.isprintable() else "_" for c in os.path.basename(os.fspath(path)))
    head = [
        f"PathFileType\t4\t(X/Y/Z)\t{name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{rate}\t{rate}\t{n_frames}\t{n_markers}\t{units}\t{rate}\t{first + 1}\t{n_frames}",
        "Frame#\tTime\t" + "\t\t\t".join(plain_names(skeleton.keypoints)) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{i}" for i in range(1, n_markers + 1) for axis in "XYZ"),
        "", ""]
    line = "%d\t%.6f\t" + "\t".join(["%.9g"] * (3 * n_markers)) + "\n"  # nine digits are all that float32 has
    with atomic_write(path) as file:
        file.write("\n".join(head).encode("utf-8", "replace"))
        for i, row in enumerate(clip.reshape(n_frames, -1), first):
            file.write((line % (i + 1, i / fps, *row.tolist())).encode())
