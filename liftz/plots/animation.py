"""Moving pictures of a clip, as GIF or MP4."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from itertools import chain
from pathlib import Path

import numpy as np

from .._files import atomic_write
from ._drawing import OBLIQUE, Body, bounds, check_points, figure_of, require
from .poses import check_both

__all__ = ["animate"]

COLOURS = 32  # of a GIF: lines on white need no more
FFMPEG = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "24", "-movflags", "+faststart"]


def animate(path, points, skeleton, *, truth=None, clip=None, fps=30.0, turn=60.0, stride=None, units="", y_up=False):
    """Write an animation: the keypoints in the plane, beside them the points in space.

    Parameters
    ----------
    path : str or path-like
        Ends in ``.gif`` (Pillow writes it), or in ``.mp4`` (the program ffmpeg does).
    points : array of shape (n_frames, n_keypoints, 3)
        x, y and depth.
    skeleton : Skeleton
        Names keypoints, bones, sides and roots.
    truth : array of shape (n_frames, n_keypoints, 3), optional
        Shown between the two; the predicted depths are then drawn as in `plot_comparison`.
    clip : array of shape (n_frames, n_keypoints, 2 or 3), optional
        The keypoints to show in the plane, in a unit of their own, such as px. Default: x and y of `points`.
    fps : float, default=30.0
        Frames a second of the points.
    turn : float, default=60.0
        How far the view swings there and back, in degrees. 0: it stands.
    stride : int, default=None
        Draw every so many frames. Default: as many as make 15 pictures a second at most in a GIF, and 1 in an MP4.
    units, y_up
        As in `plot_pose`.

    Returns
    -------
    Path
        The file. It is there whole, or not at all.

    Raises
    ------
    ImportError
        Without matplotlib; it says what to install.
    ValueError
        If shapes do not fit, or the path has another ending.
    FileNotFoundError
        For an MP4, without ffmpeg.
    """
    path = Path(path)
    if path.suffix.lower() not in (".gif", ".mp4"):
        raise ValueError(f"{path} ends in {path.suffix!r}, expected '.gif' or '.mp4'")
    if not 0 < fps < np.inf:
        raise ValueError(f"fps must be above 0 and finite, got {fps!r}")
    if stride is None:
        stride = int(np.ceil(fps / 15)) if path.suffix.lower() == ".gif" else 1
    if not isinstance(stride, (int, np.integer)) or stride < 1:
        raise ValueError(f"stride must be an integer of at least 1, got {stride!r}")
    clips = _checked(points, truth, clip, skeleton)
    pictures = _pictures(clips, skeleton, turn, stride, units, y_up)
    write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
    write(path, pictures, fps / stride)
    return path


def _checked(points, truth, clip, skeleton):
    """What each panel shows, by its title."""
    if truth is not None:
        truth, points = check_both(truth, points, skeleton)
        solid = {"true": truth, "predicted": points}
    else:
        points = check_points(points, skeleton)
        if points.shape[-1] != 3:
            raise ValueError(f"points has shape {points.shape}, expected x, y and depth: {(*points.shape[:2], 3)}")
        solid = {"lifted": points}
    flat = points if clip is None else check_points(clip, skeleton, "clip", confidence=True)
    if len(flat) != len(points):
        raise ValueError(f"points has {len(points)} frames, clip has {len(flat)}")
    return {"keypoints": flat[..., :2]} | solid


def _pictures(clips, skeleton, turn, stride, units, y_up):
    """The frames as arrays ``(height, width, 3)`` of bytes, one after the other."""
    keypoints, *spatial = clips.values()
    figure = require("matplotlib.figure").Figure(dpi=80)
    canvas = require("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    boxes = [("x y", bounds(keypoints))] + [("x y depth", bounds(*spatial))] * len(spatial)
    flat, *solids = figure_of(boxes, units, y_up, height=3.6, figure=figure)
    if not np.array_equal(keypoints, spatial[-1][..., :2], equal_nan=True):
        flat.set(xlabel="x", ylabel="y")  # in a unit of their own
    for ax, title in zip((flat, *solids), clips, strict=True):
        ax.set_title(title, fontsize="medium")
    bodies = [Body(ax, skeleton) for ax in (flat, *solids)]
    for ax in solids:
        ax.grid(False)  # what turns without need makes a file heavy
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.set_pane_color("white")
    n_frames = len(keypoints)
    for frame in range(0, n_frames, stride):
        swing = turn / 2 * np.sin(2 * np.pi * frame / n_frames)  # ends as it began: a GIF goes round
        for body, points in zip(bodies, clips.values(), strict=True):
            body.move(points[frame])
        for ax in solids:
            ax.view_init(OBLIQUE[0], OBLIQUE[1] + swing)
        canvas.draw()
        if frame == 0:
            figure.set_layout_engine("none")  # or labels that turn would shake the panels
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _write_gif(path, pictures, fps):
    image = require("PIL.Image")
    frames = [image.fromarray(picture) for picture in pictures]
    palette = frames[len(frames) // 2].quantize(COLOURS)
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    colours[colours.min(axis=1) > 240] = 255  # paper stays white
    palette.putpalette(colours.ravel().tolist())
    first, *others = [frame.quantize(palette=palette, dither=image.Dither.NONE) for frame in frames]
    # GIF counts time in hundredths: the exact times are rounded, so that no error adds up.
    ends = np.round(np.arange(1, len(frames) + 1) * 100 / fps).astype(int)
    durations = np.diff(ends, prepend=0) * 10
    with atomic_write(path) as file:
        first.save(file, format="GIF", save_all=True, append_images=others, duration=durations.tolist(), loop=0,
                   optimize=True)


def _write_mp4(path, pictures, fps):
    program = shutil.which("ffmpeg")
    if program is None:
        raise FileNotFoundError(f"{path}: MP4 needs the program ffmpeg, which is not on the path; .gif needs nothing")
    first = next(pictures)
    height, width = (n - n % 2 for n in first.shape[:2])  # yuv420p has no odd sizes
    with tempfile.TemporaryDirectory() as folder, atomic_write(path) as file:
        part, log = Path(folder, "clip.mp4"), Path(folder, "log.txt")
        source = f"-f rawvideo -pix_fmt rgb24 -s {width}x{height} -r {fps:.6f} -i -".split()
        command = [program, "-v", "error", *source, *FFMPEG, str(part)]
        with (open(log, "wb") as errors, subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors) as process,
              contextlib.suppress(BrokenPipeError)):  # where it gave up, its exit status and its log tell why
            assert process.stdin is not None
            for picture in chain([first], pictures):
                process.stdin.write(picture[:height, :width].tobytes())
            process.stdin.close()
        if process.returncode:
            raise OSError(f"{path}: ffmpeg failed: {log.read_text(errors='replace').strip()[-500:]}")
        with open(part, "rb") as written:
            shutil.copyfileobj(written, file)
