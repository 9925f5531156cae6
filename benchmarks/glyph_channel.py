"""What a free warp and an autoencoder in the channel do to an alphabet; figures stand in docs/glyphs.md.

Three alphabets of 16 symbols (32 px, four strokes, one seed), learned in equal steps: through the channel as it is,
with a free warp of a tenth of the side, with an autoencoder of 4 numbers. Each is read by its own reader through both
channels at strength 1, and from what a new autoencoder of 4 numbers makes of its glyphs after 500 steps on them.

    python benchmarks/glyph_channel.py --out DIR [--steps N]

What is there is not learned again, and an interrupted training goes on.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch.optim import Adam

from plotart import Config, generate
from plotart.core.images import to_pil
from plotart.glyphs.alphabet import load_alphabet
from plotart.glyphs.autoencoder import Autoencoder, AutoencoderSpec
from plotart.glyphs.channel import Channel
from plotart.glyphs.message import Message
from plotart.glyphs.render import glyph_images
from plotart.runs.folder import Run
from plotart.runs.pipeline import resume
from plotart.runs.prepare import prepare

CELL, SHOWN, REPEATS, SQUEEZED = 32, 16, 100, 500
WARP = {"objectives.message.channel.warp": 0.1}
HOURGLASS = {"objectives.message.autoencoder": {"code": 4, "share": 0.5}}
ALPHABETS: dict[str, dict[str, Any]] = {"plain": {}, "warp": WARP, "autoencoder": HOURGLASS}
CHANNELS = {"as it is": Channel(), "warp .1": Channel(warp=0.1)}


def made(name: str, steps: int, out: Path) -> Run:
    changes = {
        "size": 4 * CELL,
        "page.size": "80x80mm",
        "page.margin": 8,
        "primitive.glyphs": SHOWN,
        "primitive.columns": 4,
        "primitive.messages.size": SHOWN,
        "stages": [{"kind": "train", "steps": steps, "looks": 4}],
        "threads": 1,
    }
    if (out / name / "run.json").exists():
        return Run.open(out / name)
    if (out / name / "config.yaml").exists():
        return resume(out / name)
    return generate(Config.load("glyphs", changes | ALPHABETS[name]), out / name, force=True)


def measure(name: str, steps: int, out: Path) -> Image.Image:
    """Prints the row of an alphabet; its glyphs above what the new autoencoder makes of them."""
    run = made(name, steps, out)
    _, context, _ = prepare(run.config, lambda line: None)
    message = context.objectives["message"]
    assert isinstance(message, Message)
    drawing = load_alphabet(run.folder, message)
    message.eval()
    with torch.no_grad():
        cells = message.ink(glyph_images(context.renderer, drawing, drawing.primitive.messages, CELL))
    autoencoder = Autoencoder(1, AutoencoderSpec(code=4), torch.Generator().manual_seed(0))
    optimizer = Adam(autoencoder.parameters(), lr=2e-3)
    for _ in range(SQUEEZED):
        loss = autoencoder.loss(cells)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    said = message.alphabet.shown
    with torch.no_grad():
        squeezed = autoencoder(cells)
        shares = [message.messages.score(message.decoder(squeezed), said)]
        for channel in CHANNELS.values():
            sent = channel(cells.repeat(REPEATS, 1, 1, 1), 1.0, torch.Generator().manual_seed(1))
            shares.append(message.messages.score(message.decoder(sent), said.repeat(REPEATS, 1)))
    rows = " | ".join(f"{100 * share:.1f} %" for share in (*shares[1:], shares[0]))
    print(f"| {name} | {float(message.strength):.2f} | {rows} | {float(loss.detach()):.4f} |", flush=True)
    pair = torch.stack([cells, squeezed]).view(2, 2, 8, CELL, CELL).permute(1, 0, 3, 2, 4).reshape(1, 4 * CELL, -1)
    return to_pil(1 - pair.expand(3, -1, -1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs and the picture")
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"| learned with | strength reached | {' | '.join(CHANNELS)} | from the new autoencoder | its error |")
    pictures = [measure(name, options.steps, options.out) for name in ALPHABETS]
    width, height = pictures[0].size
    page = Image.new("RGB", (2 * width, sum(2 * height + 12 for _ in pictures) - 12), "#a0a0a0")
    for number, picture in enumerate(pictures):
        page.paste(picture.resize((2 * width, 2 * height), Image.Resampling.LANCZOS), (0, number * (2 * height + 12)))
    page.save(options.out / "channel.png")


if __name__ == "__main__":
    main()
