"""The player in a real browser, with mouse, keys and fingers; skipped where there is none."""

import shutil
import time

import numpy as np
import pytest

from liftz import mpjpe
from liftz.datasets import make_signing
from liftz.report import write_player, write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def chromium():
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program)
        except sync_api.Error as error:
            pytest.skip(f"no browser can be started: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


def signing():
    """Two signers facing the camera, and depths to show beside theirs."""
    data = make_signing(n_signers=2, n_clips=2, n_frames=30, views=(0,), random_state=0)
    rng = np.random.default_rng(0)
    return data, [y + rng.normal(0, 2, y.shape).astype(np.float32) for y in data.y]


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    data, lifted = signing()
    write_report(folder / "report.html", data, {"flat": [0 * y for y in data.y], "lifter": lifted}, reference="flat")
    write_player(folder / "y_down.html", data)
    for clip in data.X:
        clip *= -1  # the same bodies as Kinect has them: x to the left, y up
    write_player(folder / "y_up.html", dict(data, y_up=True))
    data.pop("y")
    write_player(folder / "flat.html", dict(data, y_up=True))
    return folder


@pytest.fixture(params=["desktop", "phone"])
def screen(request):
    if request.param == "desktop":
        return {"viewport": {"width": 1200, "height": 900}, "color_scheme": "light"}
    return {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True}


@pytest.fixture
def open_page(chromium, pages):
    contexts, told = [], []

    def open_(name, **screen):
        context = chromium.new_context(**screen)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: "willReadFrequently" in message.text or told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or told.append(request.url))
        page.goto((pages / name).as_uri())
        settle(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert told == []  # nothing on the console, no error, no request


def settle(page):
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def picture(page, number=-1):
    """What a canvas shows: the share of its pixels that are painted, and all of it as text to compare."""
    settle(page)
    return page.locator("canvas").nth(number).evaluate("""canvas => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let painted = 0;
        for (let i = 3; i < data.length; i += 4) painted += data[i] > 0;
        return [painted / (data.length / 4), canvas.toDataURL()];
    }""")


def frame(page):
    settle(page)
    return int(page.inner_text("#time").split()[1])


def wait_for(page, condition):
    deadline = time.monotonic() + 10
    while not condition(frame(page)):
        assert time.monotonic() < deadline, f"frame {frame(page)}"


def test_a_report_opens_without_a_word_and_draws_both_bodies(open_page, screen, tmp_path):
    page = open_page("report.html", **screen)
    for number in (0, 1):
        share, _ = picture(page, number)
        assert 0.003 < share < 0.5
    assert page.evaluate("document.documentElement.scrollWidth") <= screen["viewport"]["width"]
    assert page.locator("canvas").count() == 2
    assert page.inner_text("#told").startswith("error in this frame: ")
    shot = page.screenshot(path=tmp_path / "report.png", full_page=True)
    assert len(shot) > 20_000


def test_every_button_has_a_name_and_every_field_a_label(open_page, screen):
    page = open_page("report.html", **screen)
    names = page.evaluate("""[...document.querySelectorAll("button, select, input")].map(one =>
        one.getAttribute("aria-label") || (one.labels && one.labels.length && one.labels[0].textContent) ||
        one.textContent)""")
    assert all(name.strip() for name in names)
    assert len(names) >= 14


def test_dragging_turns_and_a_double_click_turns_back(open_page, screen):
    page = open_page("report.html", **screen)
    canvas = page.locator("canvas").last
    canvas.scroll_into_view_if_needed()
    _, before = picture(page)
    box = canvas.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 50, middle[1], steps=3)
    page.mouse.up()
    _, after = picture(page)
    assert after != before
    canvas.dblclick()
    assert picture(page)[1] == before


def test_front_view_is_the_camera_s_own(open_page):
    page = open_page("report.html", viewport={"width": 1200, "height": 900})
    page.click("#front")
    settle(page)
    right, left, nose, foot = (page.evaluate(
        f"[...stages[0].places.slice(2 * {k}, 2 * {k} + 2)]") for k in page.evaluate(
        "['right_shoulder', 'left_shoulder', 'nose', 'left_ankle'].map(name => data.keypoints.indexOf(name))"))
    assert left[0] > right[0]  # who faces us has their left on our right
    assert nose[1] < foot[1]
    true, lifted = (page.evaluate(f"[...stages[{s}].places].map(value => Number.isNaN(value) ? 0 : value)")
                    for s in (0, 1))
    np.testing.assert_allclose(true, lifted, atol=0.01)  # they differ in depth alone, which the front does not show
    page.click("#side")
    settle(page)
    lifted = page.evaluate("[...stages[1].places].map(value => Number.isNaN(value) ? 0 : value)")
    assert np.abs(np.subtract(true, lifted)).max() > 1


def test_depth_goes_to_the_right_from_the_side_and_up_from_the_top(open_page):
    page = open_page("y_down.html")
    nose, ear = page.evaluate("['nose', 'left_ear'].map(name => data.keypoints.indexOf(name))")
    for view, axis, sign in (("side", 0, 1), ("top", 1, -1)):
        page.click(f"#{view}")
        settle(page)
        places = page.evaluate("[...stages[0].places].map(value => Number.isNaN(value) ? null : value)")
        assert sign * (places[2 * ear + axis] - places[2 * nose + axis]) > 3  # px: the nose is nearer than the ear


def test_the_error_it_tells_is_the_frame_s_mpjpe(open_page):
    data, lifted = signing()
    page = open_page("report.html")
    name = page.locator("#clip option").first.inner_text()
    i = next(i for i, recording in enumerate(data.recordings) if recording in name)
    page.locator("#scrub").fill("12")
    settle(page)
    error = mpjpe([data.y[i][12:13]], [lifted[i][12:13]], skeleton=data.skeleton)
    assert page.inner_text("#told") == f"error in this frame: {error:.2f} cm"


def test_coordinates_with_y_up_show_the_same_body_not_its_mirror_image(open_page):
    places = []
    for name in ("y_down.html", "y_up.html"):
        page = open_page(name)
        shown = page.evaluate("[...stages[0].places].map(value => Number.isNaN(value) ? null : value)")
        places.append(np.array(shown, float))
    np.testing.assert_allclose(*places, atol=0.1)  # px; seen obliquely, a mirror image would differ


def test_it_plays_goes_round_and_stops(open_page, screen):
    page = open_page("report.html", **screen)
    assert frame(page) == 1
    page.click("#play")
    wait_for(page, lambda number: number != 1)
    page.click("#play")
    stopped = frame(page)
    page.wait_for_timeout(120)
    assert frame(page) == stopped
    page.locator("#scrub").fill("29")
    assert frame(page) == 30
    page.select_option("#speed", "2")
    page.click("#play")
    wait_for(page, lambda number: number < 30)
    page.click("#play")


def test_keys_step_turn_and_play(open_page):
    page = open_page("report.html")
    canvas = page.locator("canvas").first
    canvas.focus()
    for key, expected in (("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("End", 30), ("ArrowRight", 30),
                          ("Home", 1), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        assert frame(page) == expected
    for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "+", "f", "s", "t", "o"):
        _, before = picture(page)
        page.keyboard.press(key)
        assert picture(page)[1] != before, key
    page.keyboard.press(" ")
    wait_for(page, lambda number: number != 1)
    page.keyboard.press(" ")
    assert page.inner_text("#play") == "Play"


def test_clips_regions_colours_and_names(open_page):
    page = open_page("report.html")
    seen = {picture(page)[1]}
    for change in (lambda: page.select_option("#clip", "1"), lambda: page.select_option("#look", "left_hand"),
                   lambda: page.check("#by-error"), lambda: page.uncheck("#ghost")):
        change()
        now = picture(page)[1]
        assert now not in seen
        seen.add(now)
    page.select_option("#look", "")
    settle(page)
    wrist = page.evaluate("data.keypoints.indexOf('left_elbow')")
    canvas = page.locator("canvas").last
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = page.evaluate(f"[stages[1].places[2 * {wrist}], stages[1].places[2 * {wrist} + 1]]")
    page.mouse.move(box["x"] + x, box["y"] + y)
    assert "left_elbow: " in page.inner_text("#told")


def test_a_finger_turns_two_pinch_and_the_page_scrolls_on(open_page):
    page = open_page("report.html", viewport={"width": 390, "height": 844}, has_touch=True)
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "pan-y"
    _, before = picture(page)
    box = canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind, *points):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [
            {"x": px, "y": py, "id": i} for i, (px, py) in enumerate(points)]})

    touch("touchStart", (x, y))
    for step in range(1, 5):
        touch("touchMove", (x + 12 * step, y))
    touch("touchEnd")
    _, turned = picture(page)
    assert turned != before
    zoom = page.evaluate("camera.zoom")
    touch("touchStart", (x - 20, y), (x + 20, y))
    for step in range(1, 5):
        touch("touchMove", (x - 20 - 8 * step, y), (x + 20 + 8 * step, y))
    touch("touchEnd")
    assert page.evaluate("camera.zoom") > 1.5 * zoom


def test_keypoints_alone_are_one_flat_body(open_page, screen):
    page = open_page("flat.html", **screen)
    assert page.locator("canvas").count() == 1
    assert not page.locator("#ghost").is_visible()
    assert "No depths are known" in page.inner_text("#note")
    assert picture(page)[0] > 0.003
