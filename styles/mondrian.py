"""Draws mondrian.jpg: a grid of black bars, mostly white cells, a few in red, blue and yellow.

Run it to make the file again: python styles/mondrian.py
"""

from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 512
WHITE, BLACK = (250, 249, 245), (18, 18, 18)
RED, BLUE, YELLOW = (205, 32, 38), (26, 62, 146), (244, 208, 52)

# cells of the composition as (x0, y0, x1, y1) in thousandths of the side, with their colour
CELLS = [
    ((0, 0, 230, 170), YELLOW),
    ((560, 0, 1000, 430), WHITE),
    ((0, 640, 150, 1000), BLUE),
    ((800, 760, 1000, 1000), RED),
    ((430, 430, 560, 520), RED),
    ((300, 880, 430, 1000), YELLOW),
]
# bars as (x0, y0, x1, y1, thickness)
BARS = [
    (230, 0, 230, 1000, 26),
    (0, 170, 560, 170, 22),
    (560, 0, 560, 1000, 30),
    (0, 430, 1000, 430, 26),
    (430, 170, 430, 1000, 18),
    (430, 520, 560, 520, 16),
    (0, 640, 230, 640, 24),
    (150, 640, 150, 1000, 16),
    (560, 760, 1000, 760, 26),
    (800, 430, 800, 1000, 22),
    (230, 880, 560, 880, 20),
]


def draw(scale: int = 4) -> Image.Image:
    """The composition, drawn large and brought down so that the bars have smooth edges."""
    unit = SIDE * scale / 1000
    image = Image.new("RGB", (SIDE * scale, SIDE * scale), WHITE)
    brush = ImageDraw.Draw(image)
    for box, colour in CELLS:
        brush.rectangle([round(v * unit) for v in box], fill=colour)
    for x0, y0, x1, y1, thickness in BARS:
        brush.line([round(v * unit) for v in (x0, y0, x1, y1)], fill=BLACK, width=round(thickness * unit))
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    draw().save(Path(__file__).with_name("mondrian.jpg"), quality=92)
