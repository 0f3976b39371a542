"""Options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .inputs import Units

__all__ = ["Cameras", "CsvLayout", "Data", "DepthUnits", "Device", "Epochs", "Fps", "ImageSize", "KeypointsOf",
           "Layout", "LookAhead", "MoreData", "Nets", "People", "Read", "Root", "Select", "Signers", "XYUnits",
           "sources"]


class Layout(StrEnum):
    """Of a CSV file."""

    WIDE = "wide"
    LONG = "long"


Data = Annotated[list[str] | None, typer.Argument(
    metavar="DATA", show_default=False, help="synthetic, isl-kinect:FOLDER or panoptic:FOLDER; or files and "
    "folders of your own keypoints with depths.")]
MoreData = Annotated[list[str] | None, typer.Option("--data", metavar="DATA", help="The same.")]
Signers = Annotated[Path | None, typer.Option(help="CSV with the columns recording and signer, for files that do not "
                                              "tell who signs.")]
Cameras = Annotated[list[str] | None, typer.Option("--camera", metavar="NAME", help="See Panoptic's recordings as this "
                                                   "calibrated camera did, such as 00_00: pixels, and depths along its "
                                                   "axis. May be given several times.")]
KeypointsOf = Annotated[str | None, typer.Option(metavar="SKELETON", help="Convert to this skeleton, to lift keypoints "
                                                 "of its kind, such as OPENPOSE_137.")]
Root = Annotated[str | None, typer.Option(help="Measure depths from this keypoint, such as Neck for pictures that end "
                                          "above the hips.")]
Select = Annotated[list[str] | None, typer.Option(help="Lift only this region or keypoint. May be given several "
                                                  "times.")]
DepthUnits = Annotated[Units | None, typer.Option(help="Of the depths, where a file does not say.")]
Fps = Annotated[float | None, typer.Option(min=0.1, help="Frames per second, where a file does not say.")]
XYUnits = Annotated[Units | None, typer.Option(help="Of x and y, where a file does not say.")]
ImageSize = Annotated[tuple[int, int] | None, typer.Option(min=1, help="Of the picture, in px, where a file does not "
                                                           "say.")]
People = Annotated[int | None, typer.Option(min=1, help="Keep so many persons of each recording, those most seen.")]
Read = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the format's reader, such as "
                                                "min_frames=10.")]

Nets = Annotated[int | None, typer.Option(min=1, help="Nets that the lifter averages.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Passes of each net over its clips.")]
LookAhead = Annotated[int | None, typer.Option(min=0, help="Frames that each frame sees ahead, down to a "
                                               "multiple of the stride, 3 at 23 frames a second or more; 0 for live "
                                               "use. Default: all.")]
Device = Annotated[str, typer.Option(help="Where torch computes, such as cuda.")]
CsvLayout = Annotated[Layout, typer.Option(help="Of .csv: a line per frame, or per frame and keypoint.")]


def sources(data, more, default=None):
    """What was given as DATA and as --data; a shell puts but the first of --data *.npz behind the option."""
    found = [*(more or ()), *(data or ())] or ([] if default is None else [default])
    if not found:
        raise typer.BadParameter("give synthetic, isl-kinect:FOLDER or panoptic:FOLDER, or files and folders of your "
                                 "own keypoints with depths", param_hint="DATA")
    return found
