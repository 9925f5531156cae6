"""The autoencoder in the channel: learns glyphs, lets gradients through to the ink, and is not taught by the reader."""

import json

import pytest
import torch
from torch.nn import functional as F

from plotart import Config, InputError, generate
from plotart.glyphs.alphabet import load_alphabet
from plotart.glyphs.autoencoder import Autoencoder, AutoencoderSpec
from plotart.runs.prepare import prepare
from tests.glyphs.tiny import TINY


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def bars(side: int = 40) -> torch.Tensor:
    """Four pictures `[4, 1, side, side]`, each with a bar elsewhere."""
    ink = torch.zeros(4, 1, side, side)
    for k in range(4):
        ink[k, :, 4:-4, (8 * k + 4) * side // 40 : (8 * k + 9) * side // 40] = 1
    return ink


def test_learns_to_reproduce_few_pictures_of_any_size():
    autoencoder = Autoencoder(1, AutoencoderSpec(code=4, filters=4), rng())
    optimizer = torch.optim.Adam(autoencoder.parameters(), lr=3e-3)
    ink = bars()
    first = float(autoencoder.loss(ink).detach())
    for _ in range(80):
        loss = autoencoder.loss(ink)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(autoencoder.loss(ink).detach()) < 0.25 * first
    large = autoencoder(bars(100)).detach()
    assert large.shape == (4, 1, 100, 100)
    assert torch.cdist(large.flatten(1), bars(100).flatten(1)).argmin(1).tolist() == [0, 1, 2, 3]


def test_gradients_pass_to_the_ink_and_weights_learn_by_the_picture_alone():
    autoencoder = Autoencoder(1, AutoencoderSpec(code=4, filters=4), rng())
    ink = bars().requires_grad_()
    passed = autoencoder.passing(ink)
    assert torch.allclose(passed, autoencoder(ink))
    passed.square().sum().backward()
    assert float(ink.grad.abs().max()) > 0
    assert all(value.grad is None for value in autoencoder.parameters())
    ink.grad = None
    autoencoder.loss(ink).backward()
    assert ink.grad is None
    assert all(float(value.grad.abs().max()) > 0 for value in autoencoder.parameters())


SMALLER = {**TINY, "objectives.message.autoencoder.filters": 4, "stages.0.steps": 30, "stages.0.looks": 1}


def test_a_run_reads_through_it_and_loads_it_again(tmp_path):
    run = generate(Config.load("glyphs-autoencoder", SMALLER), tmp_path / "run")
    told = json.loads((run.folder / "run.json").read_text())["message"]
    assert 0 <= told["reconstructed"] <= 1
    config, context, _ = prepare(run.config, print)
    message = context.objectives["message"]
    assert config.objectives["message"].autoencoder.code == 16
    new = {name: value.clone() for name, value in message.autoencoder.named_parameters()}
    load_alphabet(run.folder, message)
    assert all(not torch.equal(value, new[name]) for name, value in message.autoencoder.named_parameters())
    image = torch.rand(50, 3, 32, 32, generator=rng())
    through = message._squeezed(message.ink(image), 1.0, rng())
    changed = (through != message.ink(image)).flatten(1).any(1).float().mean()
    assert 0.3 < float(changed) < 0.7
    assert torch.equal(message._squeezed(message.ink(image), 0.0, rng()), message.ink(image))
    assert float(F.mse_loss(through, message.ink(image))) > 0


def test_wrong_settings_are_named():
    with pytest.raises(InputError, match=r"objectives.message.autoencoder.share"):
        Config.load("glyphs-autoencoder", {"objectives.message.autoencoder.share": 2})
