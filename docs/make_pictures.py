"""Make the pictures of these pages: `python docs/make_pictures.py`, with `liftz[plot]`, playwright and a Chromium."""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

from liftz.datasets import make_signing
from liftz.evaluation import predict_unseen, standard_models
from liftz.plots import animate, plot_comparison, plot_keypoint_errors, plot_pose, plot_signer_errors
from liftz.report import write_report
from liftz.tables import error_table

FOLDER = Path(__file__).parent / "pictures"
MOST = 200_000  # bytes a picture
SCREENS = {"desktop": {"viewport": {"width": 1100, "height": 800}, "color_scheme": "light"},
           "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True,
                     "device_scale_factor": 2}}


def main():
    matplotlib.use("Agg")
    FOLDER.mkdir(exist_ok=True)
    data = make_signing(n_signers=4, n_clips=6, n_frames=(60, 80), views=(-30, 0, 30), random_state=0)
    models = standard_models(data.skeleton, n_nets=1, batch_size=8, max_epochs=60, random_state=0)
    depths = predict_unseen(models, data.X, data.y, data.groups)
    draw(data, depths)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.html")
        write_report(report, data, depths, reference="mean pose", facts={"data": "synthetic", "track": "T1"})
        photograph(report)
    for file in sorted(FOLDER.iterdir()):
        print(file.name, f"{file.stat().st_size / 1000:.0f} kB")
        assert file.stat().st_size < MOST, f"{file} is too large"


def draw(data, depths):
    """The pictures of `liftz.plots`, of a clip whose signer the lifter never saw."""
    truth, lifted = (np.dstack([data.X[7], z]) for z in (data.y[7], depths["lifter"][7]))
    save("pose", plot_pose(truth[30], data.skeleton, units=data.units)[0].figure)
    save("comparison", plot_comparison(truth, lifted, data.skeleton, 30, units=data.units)[0].figure)
    save("signers", plot_signer_errors(data.y, depths, data.groups, data.skeleton, units=data.units).figure)
    table = error_table(data.y, {"lifter": depths["lifter"]}, data.groups, data.skeleton, keypoints=True)
    errors = {row.part: row.mean for row in table.rows}
    save("keypoints", plot_keypoint_errors(errors, data.skeleton, data.X, units=data.units)[0].figure)
    animate(FOLDER / "lifted.gif", lifted[:48], data.skeleton, truth=truth[:48], fps=data.fps, stride=3,
            units=data.units)


def photograph(report):
    """The report as browsers show it, and its player at work."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        for name, screen in SCREENS.items():
            page = browser.new_context(**screen).new_page()
            page.goto(report.as_uri())
            page.wait_for_timeout(200)
            shrink(f"report-{name}", page.screenshot())
            page.locator("#scrub").fill("30")
            shrink(f"player-{name}", page.locator("#player").screenshot())
            page.select_option("#look", "right_hand")
            page.check("#by-error")
            page.wait_for_timeout(200)
            shrink(f"hand-{name}", page.locator("#player").screenshot())
        browser.close()


def save(name, figure):
    picture = io.BytesIO()
    figure.savefig(picture, dpi=110)
    shrink(name, picture.getvalue())


def shrink(name, picture):
    """A PNG of 128 colours: enough for lines and letters, and a third of the bytes."""
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(128).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
