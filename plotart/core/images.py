"""Images in and out: any picture a user has, as an sRGB tensor; PNG files written beside and renamed."""

from __future__ import annotations

import base64
import html
import io
import math
import warnings
from functools import lru_cache
from pathlib import Path as FilePath

import numpy as np
import torch
from kornia.filters import gaussian_blur2d
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional as F

from plotart.core.documents import as_path
from plotart.core.errors import InputError, shown
from plotart.core.files import write_beside

__all__ = [
    "MAX_PIXELS",
    "SHARP",
    "blur",
    "html_picture",
    "load_image",
    "open_picture",
    "reduced",
    "resize",
    "save_image",
    "to_pil",
    "write_beside",
]

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
"""What is opened, whatever a file is called: Pillow reads more, some of it by starting other programs (EPS)."""
MAX_PIXELS = 200_000_000
"""Pictures with more pixels are refused: decoding one would take gigabytes."""
KEPT_PIXELS = 40_000_000
"""Larger pictures are averaged down to this while they are still bytes: no canvas shows more."""
SHARP = 0.3
"""A Gaussian narrower than this many px weighs its centre with over 99 %."""
AS_MATRIX = 1024
"""Sides of up to so many px are blurred by a product with a matrix, which is two to three times as fast as a
convolution, there and back, and gives the same within 4e-7."""
REDUCED_PX = 128
"""Short side of a picture on which tones are weighed, not details."""


def load_image(path: str | FilePath, setting: str = "image") -> Tensor:
    """Read a picture as `[3, H, W]` float32 sRGB in 0..1.

    EXIF rotation is applied, an embedded colour profile is converted to sRGB, transparency is laid on white, 16-bit and
    CMYK pictures are converted, and of an animation the first frame is taken. Above 40 megapixels it is averaged down.

    Raises:
        InputError: the file is missing, is no picture of `FORMATS`, is damaged or cut short, holds pixels that are no
            numbers, is under 8 px or over 200 megapixels.
    """
    path, exists = as_path(path)
    if not exists:
        if path.is_dir():
            raise InputError(f"{setting}: '{path}' is a folder; give a picture file")
        raise InputError(f"{setting}: no file '{path}'")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tags that are wrong, and of sizes that are bounded here
            with Image.open(path, formats=FORMATS) as file:
                if file.width * file.height > MAX_PIXELS:
                    most = MAX_PIXELS // 10**6
                    raise InputError(
                        f"{setting}: '{path}' has {file.width}x{file.height} pixels; at most {most} megapixels"
                    )
                picture = _to_rgb(_reduced(file))
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(
            f"{setting}: '{path}' is not a picture that can be read: give PNG, JPEG, WebP, TIFF, BMP or GIF"
        ) from None
    except Image.DecompressionBombError:
        raise InputError(f"{setting}: '{path}' is larger than {MAX_PIXELS // 10**6} megapixels") from None
    except PermissionError:
        raise InputError(f"{setting}: '{path}' may not be read; check its permissions") from None
    except MemoryError:
        raise InputError(f"{setting}: '{path}' needs more memory than there is") from None
    except Exception as error:  # decoders fail in as many ways as a file can be broken
        raise InputError(f"{setting}: '{path}' is damaged or cut short ({shown(str(error))})") from None
    if min(picture.shape[:2]) < 8:
        raise InputError(f"{setting}: '{path}' is {picture.shape[1]}x{picture.shape[0]} pixels; at least 8x8")
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


def open_picture(path: FilePath) -> Image.Image:
    """A picture that lies in a run's folder, as it is: whole, of `FORMATS` only, whatever it is called.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with Image.open(path, formats=FORMATS) as file:
            file.load()
            return file
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise InputError(f"'{path}' is no picture that can be read") from None


def _reduced(file: Image.Image) -> Image.Image:
    """The first frame upright, of at most `KEPT_PIXELS`: a mean of whole blocks of pixels."""
    factor = math.ceil((file.width * file.height / KEPT_PIXELS) ** 0.5)
    if factor == 1:
        return ImageOps.exif_transpose(file)
    if file.format == "JPEG":
        file.draft(None, (file.width // factor, file.height // factor))  # the decoder does most of it
        factor = math.ceil((file.width * file.height / KEPT_PIXELS) ** 0.5)
    if file.mode.startswith("I;16"):
        values = np.asarray(file)[: file.height // factor * factor, : file.width // factor * factor]
        blocks = values.reshape(values.shape[0] // factor, factor, values.shape[1] // factor, factor)
        small = Image.fromarray(blocks.mean((1, 3), dtype=np.float32))
    else:
        plain = file if file.mode not in ("P", "1", "PA") else file.convert("RGBA")
        small = plain.reduce(factor) if factor > 1 else plain.copy()
    small.info, small.getexif()[0x0112] = dict(file.info), file.getexif().get(0x0112, 1)
    return ImageOps.exif_transpose(small)


def _to_rgb(image: Image.Image) -> np.ndarray:
    """A decoded picture as `[H, W, 3]` float32 sRGB in 0..1 on white."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        values = np.asarray(image, dtype=np.float32)
        if not np.isfinite(values).all():
            raise ValueError("it holds pixels that are no numbers")
        top = 65535.0 if values.max(initial=0) > 255 else (255.0 if values.max(initial=0) > 1 else 1.0)
        return np.repeat((values / top).clip(0, 1)[..., None], 3, axis=2)
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            converted = ImageCms.profileToProfile(
                image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            image = converted if converted is not None else image
        except ImageCms.PyCMSError:
            pass  # an unreadable profile is common; the pixel values are then taken as sRGB
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB"), dtype=np.float32) / 255


def resize(image: Tensor, height: int, width: int) -> Tensor:
    """`[3, h, w]` or `[B, 3, h, w]` to the given size in px, antialiased; shape otherwise kept."""
    batch = image if image.ndim == 4 else image[None]
    scaled = F.interpolate(batch, (height, width), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
    return scaled if image.ndim == 4 else scaled[0]


def blur(image: Tensor, sigma: float) -> Tensor:
    """`[B, C, H, W]` after a Gaussian of `sigma` px, the border repeated outwards; differentiable.

    Below `SHARP` nothing happens. A wide one works on a smaller
    picture: block means and the linear way back add a quarter of a block's width squared to its variance, which is
    taken off the Gaussian's.
    """
    if sigma < SHARP:
        return image
    height, width = image.shape[-2:]
    block = min(int(sigma / 2), height // 4, width // 4)
    if block < 2:
        radius = min(max(1, math.ceil(3 * sigma)), min(height, width) - 1)
        if max(height, width) <= AS_MATRIX and image.is_floating_point():
            rows, columns = (_blurring(side, sigma, radius).to(image) for side in (height, width))
            return rows @ image @ columns.T
        side = 2 * radius + 1
        blurred: Tensor = gaussian_blur2d(image, (side, side), (sigma, sigma), border_type="replicate")
        return blurred
    # one block more all around, so that the way back never has to guess beyond the outermost block's middle
    below, right = block + -height % block, block + -width % block
    small = F.avg_pool2d(F.pad(image, (block, right, block, below), mode="replicate"), block)
    small = blur(small, math.sqrt((sigma / block) ** 2 - 0.25))
    size = (height + block + below, width + block + right)
    large = F.interpolate(small, size, mode="bilinear", align_corners=False)
    return large[..., block : block + height, block : block + width]


@lru_cache(maxsize=32)
def _blurring(side: int, sigma: float, radius: int) -> Tensor:
    """`[side, side]`: what a Gaussian takes for each px of a row from every px of it, its ends repeated outwards."""
    away = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weight = torch.exp(-0.5 * (away / sigma) ** 2)
    taken = (torch.arange(side)[:, None] + away.long()).clamp(0, side - 1)
    share = (weight / weight.sum()).expand(side, -1).contiguous()
    return torch.zeros(side, side, dtype=torch.float64).scatter_add_(1, taken, share)


def reduced(picture: Tensor, side: int = REDUCED_PX) -> Tensor:
    """A picture `[1, 3, H, W]` with a short side of at most `side` px, on the CPU."""
    height, width = picture.shape[-2:]
    scale = min(1.0, side / min(height, width))
    return resize(picture.cpu(), max(1, round(height * scale)), max(1, round(width * scale)))


def to_pil(image: Tensor) -> Image.Image:
    """`[3, H, W]` or `[1, 3, H, W]` sRGB in 0..1 -> 8-bit picture."""
    values = image.detach().cpu().reshape(image.shape[-3:]).float().clamp(0, 1)
    return Image.fromarray((values * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())


def html_picture(picture: Image.Image, caption: str) -> str:
    """A picture with words below it as HTML that needs no other file, for notebooks."""
    content = io.BytesIO()
    picture.save(content, "PNG")
    data = base64.b64encode(content.getvalue()).decode()
    words = html.escape(caption)
    return f'<figure><img src="data:image/png;base64,{data}" alt="{words}"><figcaption>{words}</figcaption></figure>'


def save_image(image: Tensor, path: FilePath) -> None:
    """Write `[3, H, W]` sRGB in 0..1 as PNG, beside and renamed."""
    with write_beside(path) as beside:
        to_pil(image).save(beside, format="PNG", optimize=False)
