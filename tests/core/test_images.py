"""Pictures as users have them, and files that are never half written."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from plotart.core.errors import InputError
from plotart.core.images import load_image, resize, save_image, write_beside

RED = (200, 30, 20)


def saved(tmp_path, image, name, **options):
    path = tmp_path / name
    image.save(path, **options)
    return path


def red_share(image):
    return [round(float(v), 2) for v in image.mean((1, 2))]


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "P", "RGBA"])
def test_modes_give_the_same_colour(tmp_path, mode):
    image = Image.new("RGB", (20, 10), RED).convert(mode)
    path = saved(tmp_path, image, "x.tif" if mode == "CMYK" else "x.png")
    loaded = load_image(path)
    assert loaded.shape == (3, 10, 20)
    assert loaded.dtype == torch.float32
    np.testing.assert_allclose(loaded.mean((1, 2)), np.array(RED) / 255, atol=0.02)


def test_transparency_is_laid_on_white(tmp_path):
    image = Image.new("RGBA", (16, 16), (*RED, 0))
    assert load_image(saved(tmp_path, image, "x.png")).min() == 1


def test_sixteen_bit_grey_keeps_its_range(tmp_path):
    values = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    loaded = load_image(saved(tmp_path, Image.fromarray(values), "x.png"))
    assert loaded.max() == 1
    np.testing.assert_allclose(loaded[0], values / 65535, atol=1e-4)


def test_exif_rotation_is_applied(tmp_path):
    image = Image.new("RGB", (30, 10), "white")
    exif = image.getexif()
    exif[0x0112] = 6
    assert load_image(saved(tmp_path, image, "x.jpg", exif=exif)).shape == (3, 30, 10)


def test_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("white", "black")]
    loaded = load_image(saved(tmp_path, frames[0], "x.gif", save_all=True, append_images=frames[1:]))
    assert loaded.min() == 1


def test_colour_profile_is_converted(tmp_path):
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.new("RGB", (16, 16), RED)
    loaded = load_image(saved(tmp_path, image, "x.png", icc_profile=linear))
    np.testing.assert_allclose(loaded.mean((1, 2)), np.array(RED) / 255, atol=0.01)


def test_wrong_files_are_refused_in_one_sentence(tmp_path):
    whole = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, format="PNG")
    (tmp_path / "cut.png").write_bytes(whole.getvalue()[:500])
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.new("RGB", (3, 3)).save(tmp_path / "tiny.png")
    for name in ("missing.png", "cut.png", "text.png", "empty.png", "tiny.png", "."):
        with pytest.raises(InputError, match=r"^objectives\.pixels\.image: ") as error:
            load_image(tmp_path / name, "objectives.pixels.image")
        assert "\n" not in str(error.value)


def test_huge_pictures_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("plotart.core.images.MAX_PIXELS", 100)
    path = saved(tmp_path, Image.new("RGB", (40, 40)), "x.png")
    with pytest.raises(InputError, match="40x40"):
        load_image(path)


def test_write_beside_leaves_the_old_file_when_writing_fails(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), write_beside(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_png_round_trip(tmp_path):
    image = torch.rand(3, 12, 17, generator=torch.Generator().manual_seed(1))
    save_image(image, tmp_path / "x.png")
    np.testing.assert_allclose(load_image(tmp_path / "x.png"), image, atol=0.5 / 255 + 1e-6)


def test_resize_keeps_the_mean():
    image = torch.rand(3, 64, 48, generator=torch.Generator().manual_seed(1))
    small = resize(image, 16, 12)
    assert small.shape == (3, 16, 12)
    np.testing.assert_allclose(small.mean(), image.mean(), atol=0.02)


def test_only_the_formats_that_are_meant_are_opened(tmp_path, monkeypatch):
    """Whatever a file is called: an EPS would start Ghostscript, other decoders run out of memory or crash."""
    image = Image.new("RGB", (32, 32), RED)
    for kind in ("EPS", "DDS", "JPEG2000", "PPM", "ICO", "TGA", "PDF"):
        path = tmp_path / f"{kind}.png"
        image.save(path, format=kind)
        with pytest.raises(InputError, match="give PNG, JPEG, WebP, TIFF, BMP or GIF"):
            load_image(path)
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        path = tmp_path / f"{kind}.dat"
        image.save(path, format=kind)
        assert load_image(path).shape == (3, 32, 32)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_refused(tmp_path, value):
    values = np.full((16, 16), 0.5, dtype=np.float32)
    values[3, 4] = value
    with pytest.raises(InputError, match="no numbers"):
        load_image(saved(tmp_path, Image.fromarray(values), "x.tif"))


@pytest.mark.parametrize(("mode", "name"), [("RGB", "x.png"), ("RGB", "x.jpg"), ("P", "x.png"), ("I;16", "x.png")])
def test_large_pictures_are_averaged_down_as_they_are_read(tmp_path, monkeypatch, mode, name):
    ramp = np.linspace(0, 65535, 64 * 96).reshape(64, 96)
    grey = Image.fromarray((ramp / 257).round().astype(np.uint8))
    image = Image.fromarray(ramp.astype(np.uint16)) if mode == "I;16" else grey.convert(mode)
    path = saved(tmp_path, image, name, **({"exif": rotated()} if name == "x.jpg" else {}))
    whole = load_image(path)
    monkeypatch.setattr("plotart.core.images.KEPT_PIXELS", 800)
    small = load_image(path)
    assert small.shape[1] * small.shape[2] <= 800
    assert (small.shape[1] > small.shape[2]) == (whole.shape[1] > whole.shape[2])
    np.testing.assert_allclose(resize(whole, *small.shape[1:]).mean((0, 2)), small.mean((0, 2)), atol=0.03)


def rotated():
    exif = Image.new("RGB", (8, 8)).getexif()
    exif[0x0112] = 6
    return exif


def test_names_that_are_no_paths_are_refused(tmp_path):
    for name in ("a\0b", "x" * 5000, "~nobody-here/x.png"):
        with pytest.raises(InputError, match="no file"):
            load_image(name)
