"""Files appear whole or not at all, and errors name the file that was asked for."""

import os

import pytest

from liftz._files import atomic_folder, atomic_write


def test_what_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(TypeError), atomic_write(path) as file:
        file.write("no bytes")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.txt", "old")]
    with atomic_write(path) as file:
        file.write(b"new")
    assert path.read_text() == "new"


def test_an_error_names_the_file_and_not_its_stand_in(tmp_path):
    path = tmp_path / "no" / "a.txt"
    with pytest.raises(FileNotFoundError) as caught, atomic_write(path):
        pass
    assert caught.value.filename == str(path)
    with pytest.raises(FileNotFoundError) as caught, atomic_folder(path):
        pass
    assert caught.value.filename == str(path)
    with pytest.raises(IsADirectoryError if os.name != "nt" else PermissionError) as caught, atomic_write(tmp_path):
        pass
    assert caught.value.filename == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_work_itself_is_left_alone(tmp_path):
    with pytest.raises(FileNotFoundError, match="elsewhere"), atomic_write(tmp_path / "a.txt"):
        (tmp_path / "elsewhere").read_text()


@pytest.mark.skipif(os.name == "nt", reason="of links and pipes as Unix has them")
def test_links_are_followed_and_what_is_no_file_stays(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with atomic_write(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="a device or a pipe") as caught, atomic_write(tmp_path / "pipe"):
        pass
    assert caught.value.filename == str(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "real"]
