"""Films of runs: captions, card, pauses, GIF and MP4."""

import sys

import imageio_ffmpeg
import pytest
import torch
from PIL import Image

from plotart.core.errors import InputError
from plotart.core.images import save_image
from plotart.core.movie import save_movie
from plotart.runs.config import Config
from plotart.runs.figures import Figures
from plotart.runs.folder import Run
from plotart.runs.movie import shots


@pytest.fixture
def run(tmp_path):
    """A finished run of three grey frames, 40 x 60 px, whose losses are 3, 2 and 1."""
    run = Run(tmp_path / "grey", Config.load("neuron", {"objectives.neuron.at": "conv4_3:1"}))
    for number, grey in enumerate((0.2, 0.5, 0.8)):
        save_image(torch.full((3, 40, 60), grey), run.folder / "frames" / f"{10 * number:06d}.png")
    run.figures = Figures(history=[(10 * i, 3.0 - i, None) for i in range(3)], steps=20)
    return run


def test_a_film_is_a_card_and_every_frame_with_pauses(run):
    film = list(shots(run, fps=10, pauses=(2, 1, 3)))
    assert [shot.seconds for shot in film] == pytest.approx([2, 1.1, 0.1, 3.1])
    assert len({shot.picture.size for shot in film}) == 1
    assert all(side % 2 == 0 for side in film[0].picture.size)
    assert [shot.picture.getpixel((5, 5))[0] for shot in film[1:]] == [51, 128, 204]


def test_captions_say_what_the_run_noted(run):
    plain = list(shots(run, captions="", title=""))
    told = list(shots(run, captions="step {step} loss {loss:.1f}", title=""))
    assert len(told) == len(plain) == 3
    strips = [shot.picture.crop((0, plain[0].picture.height, *shot.picture.size)) for shot in told]
    assert all(min(strip.convert("L").tobytes()) < 100 for strip in strips)
    assert len({strip.tobytes() for strip in strips}) == 3
    same = [shot.picture.tobytes() for shot in shots(run, captions="always", title="")]
    height = plain[0].picture.height * plain[0].picture.width * 3
    assert len({picture[height:] for picture in same}) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"captions": "{excitation}"}, ["--captions", "excitation", "loss"]),
        ({"captions": "{step"}, ["--captions", "{step"]),
        ({"captions": "{loss:q}"}, ["--captions", "{loss:q}"]),
        ({"fps": 0}, ["--fps", "0"]),
        ({"pauses": (1, -1, 1)}, ["--pauses", "-1"]),
    ],
)
def test_wrong_settings_are_named(run, settings, words):
    with pytest.raises(InputError) as error:
        list(shots(run, **settings))
    for word in words:
        assert word in str(error.value)


def test_a_run_without_frames_is_refused(run):
    for frame in (run.folder / "frames").iterdir():
        frame.unlink()
    with pytest.raises(InputError, match="no frames"):
        list(shots(run))


def test_pictures_of_a_run_are_of_the_formats_that_are_meant(run, monkeypatch):
    def started(*words, **settings):
        raise AssertionError(f"a program was started: {words}")

    monkeypatch.setattr("subprocess.check_call", started)
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 60\n%%EndComments\nshowpage\n"
    (run.folder / "preview.png").write_bytes(eps)
    next(iter(sorted((run.folder / "frames").iterdir()))).write_bytes(eps)
    with pytest.raises(InputError, match=r"000000\.png' is no picture"):
        list(shots(run))
    with pytest.raises(InputError, match=r"preview\.png' is no picture"):
        run.preview()


def test_gif_keeps_frames_and_times(run, tmp_path):
    save_movie(shots(run, fps=10), tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        times = []
        for number in range(film.n_frames):
            film.seek(number)
            times.append(film.info["duration"])
    assert times == [2000, 1100, 100, 3100]


def test_other_endings_are_refused_and_leave_nothing(run, tmp_path):
    with pytest.raises(InputError, match=r"must end in \.gif or \.mp4"):
        save_movie(shots(run), tmp_path / "film.avi")
    assert not list(tmp_path.glob("*film*"))


def test_mp4_without_ffmpeg_says_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(InputError, match=r"plotart\[movie\]"):
        save_movie(shots(run), tmp_path / "film.mp4")


def test_mp4_is_as_long_as_its_shots(run, tmp_path):
    save_movie(shots(run, fps=10), tmp_path / "film.mp4", fps=10)
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "film.mp4"))
    assert frames == 20 + 11 + 1 + 31
    assert seconds == pytest.approx(6.3, abs=0.2)


def test_a_run_is_filmed_from_the_command_line(run):
    from click.testing import CliRunner

    from plotart.cli import cli

    run.config.save(run.folder / "config.yaml")
    run.save_figures()
    result = CliRunner().invoke(cli, ["movie", str(run.folder), "--captions", "{name} {step} {loss:.2f}"])
    assert result.exit_code == 0, result.output
    with Image.open(run.folder / "movie.gif") as film:
        assert film.n_frames == 4
