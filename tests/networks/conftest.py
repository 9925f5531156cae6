import pytest
import torch


@pytest.fixture(scope="session")
def torchvision_state():
    """Random weights under torchvision's names, small enough to stay finite through 13 layers."""
    generator = torch.Generator().manual_seed(0)
    state, depth, position = {}, 3, 0
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            state[f"features.{position}.weight"] = torch.randn(channels, depth, 3, 3, generator=generator) / depth
            state[f"features.{position}.bias"] = torch.randn(channels, generator=generator)
            depth, position = channels, position + 2
        position += 1
    state["classifier.0.weight"] = torch.zeros(1)
    return state
