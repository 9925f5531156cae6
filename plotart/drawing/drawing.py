"""The thing that is optimized: shapes on a canvas, and their ink."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from plotart.core.canvas import Canvas, Window
from plotart.core.errors import InputError
from plotart.core.images import html_picture, to_pil, write_beside
from plotart.core.tensor_file import Damaged, pack, unpack
from plotart.drawing.ink import Ink, inks
from plotart.drawing.primitives.base import Primitive, Stroked, primitives
from plotart.drawing.render import renderer

__all__ = ["FILE", "Drawing"]

FILE = "drawing.pt"
"""The name of a finished run's drawing in its folder; safetensors with a checksum, as checkpoints are (those of earlier
versions were torch's own files, hence the name)."""
LAYOUT = "plotart drawing 1"
ZIP = b"PK"
"""How torch's own files begin."""


class Drawing(nn.Module):
    """Canvas + Primitive + Ink, and nothing else."""

    canvas: Canvas
    primitive: Primitive
    ink: Ink

    @property
    def device(self) -> torch.device:
        """Where the drawing's parameters live."""
        return next(self.parameters()).device

    def __init__(self, canvas: Canvas, primitive: Primitive, ink: Ink) -> None:
        super().__init__()
        self.canvas = canvas
        self.primitive = primitive
        self.ink = ink

    def __len__(self) -> int:
        return len(self.primitive)

    @property
    def strokes(self) -> Stroked:
        """The shapes as strokes with control points.

        Raises:
            InputError: they have none.
        """
        if (found := self.primitive.stroked) is None:
            raise InputError(f"primitive.kind: only strokes have control points, not {self.primitive.kind}")
        return found

    def constrain_(self) -> None:
        """Bring every parameter back into its range after a step of the optimizer."""
        self.primitive.constrain_()
        self.ink.constrain_()

    def subset(self, keep: Tensor) -> Drawing:
        """The shapes at the indices `keep [M]` (long), in that order."""
        return Drawing(self.canvas, self.primitive.subset(keep), self.ink.subset(keep))

    def without(self, pieces: Mapping[int, set[int]]) -> Drawing:
        """What is left when some cubics of some shapes are taken away, by their numbers; see `Primitive.without`."""
        primitive, owner = self.primitive.without(pieces)
        return Drawing(self.canvas, primitive, self.ink.subset(owner))

    @classmethod
    def joined(cls, parts: Sequence[Drawing]) -> Drawing:
        """The shapes of several drawings as one on the canvas of the first, the later ones on top."""
        first = parts[0]
        primitive = type(first.primitive).joined([part.primitive for part in parts])
        return cls(first.canvas, primitive, type(first.ink).joined([part.ink for part in parts]))

    def window(self, window: Window, size: int, reach_px: float = 1.0) -> tuple[Drawing, Tensor, float]:
        """What is seen in a window of the drawing's image whose short side has `size` pixels.

        Rendered at the window's own size, it has the pixels that the whole has there.

        Returns:
            A drawing of its own, in the window's unit coordinates; the indices `[M]` of its shapes in this one; and
            how many of its units one unit of this one is, by which gradients of geometry come back. It holds at least
            one shape, be it out of sight, for renderers draw no empty scene.

        Raises:
            InputError: the shapes are drawn as a whole.
        """
        if not self.primitive.windowed:
            raise InputError(f"stages: crop shows parts of the drawing, and {self.primitive.kind} are drawn as a whole")
        corner = torch.tensor([window.left, window.top], dtype=torch.float32, device=self.device) / size
        extent = torch.tensor([window.width, window.height], dtype=torch.float32, device=self.device) / size
        keep = self.primitive.seen_in(corner, corner + extent, reach_px / size)
        if not len(keep):
            keep = torch.zeros(1, dtype=torch.long, device=self.device)
        scale = size / min(window.height, window.width)
        shapes = self.primitive.moved(keep, corner, scale)
        return Drawing(self.canvas.window(window, size), shapes, self.ink.subset(keep)), keep, scale

    def pack(self) -> dict[str, Any]:
        """Tensors and plain values from which `unpack` makes the same drawing, with its canvas, pens and tips."""
        return {
            "canvas": self.canvas.pack(),
            "primitive": self.primitive.kind,
            "shapes": self.primitive.pack(),
            "ink": self.ink.kind,
            "colours": self.ink.pack(),
        }

    @classmethod
    def unpack(cls, state: Mapping[str, Any]) -> Drawing:
        """The drawing that was packed.

        Raises:
            InputError: another version of plotart packed it.
        """
        try:
            primitive, ink = primitives[state["primitive"]].makes, inks[state["ink"]]
            return cls(Canvas.unpack(state["canvas"]), primitive.unpack(state["shapes"]), ink.unpack(state["colours"]))
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError):
            raise InputError(
                "the drawing was saved by another version of plotart: open it with that version, or make it again"
            ) from None

    def save(self, path: str | FilePath) -> None:
        """Write a file that `load` opens, and so do `plotart render`, `export`, `estimate` and `--init`."""
        with write_beside(FilePath(path)) as beside:
            beside.write_bytes(pack(self.pack(), LAYOUT))

    @classmethod
    def load(cls, path: str | FilePath) -> Drawing:
        """The drawing in a file that `save` wrote, or in a finished run's folder, on the CPU.

        Raises:
            InputError: there is no such file, it is damaged, or it holds no drawing, or that of another version.
        """
        file = FilePath(path) / FILE if FilePath(path).is_dir() else FilePath(path)
        try:
            return cls.unpack(_held(file))
        except InputError as error:
            raise InputError(f"'{file}': {error}") from None

    def copy(self) -> Drawing:
        """The same drawing with parameters of its own."""
        return Drawing.unpack(self.pack())

    @torch.no_grad()
    def preview(self, size: int = 512) -> Image.Image:
        """A picture of the drawing whose short side has `size` pixels."""
        return to_pil(renderer("native")(self, size))

    def _repr_html_(self) -> str:
        """The preview, and below it what the drawing is, for notebooks."""
        page, pens = self.canvas.page, ", ".join(pen.name for pen in self.ink.pens)
        told = f"{len(self)} {self.primitive.kind}, {pens or self.ink.kind}, {page.width_mm:g} x {page.height_mm:g} mm"
        return html_picture(self.preview(), told)


def _held(file: FilePath) -> Mapping[str, Any]:
    """What a file of `Drawing.save` holds, of this version or of one that wrote torch's files.

    Raises:
        InputError: it cannot be read, or holds no drawing.
    """
    none = f"'{file}' holds no drawing; take the {FILE} of a run, or a file of Drawing.save"
    try:
        if not file.is_file() and file.exists():
            raise Damaged("it is no file")
        content = file.read_bytes()
        if content.startswith(ZIP):
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            layout = LAYOUT if isinstance(state, dict) and state.get("plotart") == "drawing" else ""
        else:
            layout, state = unpack(content)
    except OSError as error:
        raise InputError(f"'{file}' cannot be read ({error.strerror})") from None
    except Damaged as error:
        raise InputError(f"{none} ({error})") from None
    except Exception:  # torch fails in as many ways as a file can be broken
        raise InputError(none) from None
    if layout != LAYOUT or not isinstance(state, Mapping):
        raise InputError(none)
    return state
