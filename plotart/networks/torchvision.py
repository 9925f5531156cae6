"""Any model of torchvision by node name, and torchvision's own addresses of weights. The only file that imports it."""

from __future__ import annotations

import hashlib
import operator
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import Request, urlopen

import torch
from torch import Tensor, nn

from plotart.core.errors import InputError
from plotart.core.registry import nearest
from plotart.networks.base import Network
from plotart.networks.vgg import IMAGENET_MEAN, IMAGENET_STD

__all__ = [
    "TorchvisionNetwork",
    "import_torchvision",
    "model_names",
    "pretrained_state",
    "pretrained_within_reach",
    "torchvision_network",
]

PROBE_SECONDS = 5
_declared: list[torch.library.Library] = []  # operator declarations live as long as their library


def import_torchvision() -> ModuleType:
    """torchvision, also where its wheel was built for CUDA and torch was not.

    Such a pair fails at import because the operators `nms` and `qnms` have no schema. Models and feature extraction
    need neither, so after that failure, and only then, the schemas are declared and the import is tried again.
    """
    try:
        import torchvision  # noqa: PLC0415 - heavy, and not needed by every network
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for operation in ("nms", "qnms"):
            library.define(f"{operation}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]
        _declared.append(library)
        import torchvision  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            f"network: torchvision cannot be imported ({error}); run: {sys.executable} -m pip install torchvision"
        ) from error
    import torchvision.models.feature_extraction  # noqa: PLC0415

    return torchvision  # type: ignore[no-any-return]


def model_names() -> list[str]:
    """The image models torchvision can build."""
    models = import_torchvision().models
    return list(models.list_models(module=models))


def _default_weights(name: str) -> Any:
    return import_torchvision().models.get_model_weights(name).DEFAULT


def pretrained_within_reach(name: str) -> bool:
    """Whether the model's weights are in torch's own cache, or their host answers within a few seconds."""
    weights = _default_weights(name)
    if _checkpoint(weights).is_file():
        return True
    try:
        with urlopen(Request(weights.url, method="HEAD"), timeout=PROBE_SECONDS) as answer:
            return bool(200 <= answer.status < 300)
    except OSError:
        return False


def _checkpoint(weights: Any) -> Path:
    return Path(torch.hub.get_dir(), "checkpoints", str(weights.url).rpartition("/")[2])


def pretrained_state(name: str) -> dict[str, Tensor]:
    """torchvision's default weights of a model: from torch's cache, else downloaded with progress and hash check.

    Raises InputError that names the command to run when the host cannot be reached.
    """
    weights = _default_weights(name)
    file = _checkpoint(weights)
    if file.is_file():
        _verify(name, file)
    try:
        state: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            weights.url, map_location="cpu", check_hash=True, progress=True, weights_only=True
        )
    except OSError as error:
        fetch = f"import torchvision; torchvision.models.get_model('{name}', weights='DEFAULT')"
        raise InputError(
            f"network {name}: its weights are neither cached nor reachable ({error}); where the network is reachable, "
            f'run: python -c "{fetch}" and put {file.name} into {file.parent}; or choose --network vgg16-hed'
        ) from error
    except Exception as error:  # torch.load fails in as many ways as a file can be broken
        raise InputError(f"network {name}: {file} cannot be used ({error}); delete it and run again") from error
    return state


def _verify(name: str, file: Path) -> None:
    """InputError unless the file's hash begins as its name says; torch itself looks only when it downloads."""
    promised = re.search(r"-([0-9a-f]{8,})\.", file.name)
    if promised is None:
        return
    try:
        found = _sha256(file)
    except OSError as error:
        raise InputError(f"network {name}: {file} cannot be read ({error.strerror or error})") from error
    if not found.startswith(promised[1]):
        raise InputError(
            f"network {name}: {file} has sha256 {found[: len(promised[1])]}..., not {promised[1]}...; "
            "delete it and run again"
        )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


class TorchvisionNetwork(Network):
    """A torchvision model by the node names of its traced graph: `layer3.0.conv1`, `features.4`, ...

    Nodes with an output `[B, C, h, w]` are layers, and vectors `[B, C]` (pooled features, class scores) are layers of
    one position. `@pre` is the node's output as it is, `@post` its positive part.
    """

    def __init__(
        self,
        name: str,
        model: nn.Module,
        *,
        input_size: int = 224,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        channels = _node_channels(model.eval(), input_size)
        super().__init__(name, list(channels), {}, input_size=input_size, mean=mean, std=std)
        self.channels = channels
        self.model = model
        self._extractors: dict[tuple[str, ...], nn.Module] = {}

    def units(self, layer: str) -> int:
        return self.channels[self.resolve(layer).partition("@")[0]]

    def run(self, x: Tensor, addresses: frozenset[str]) -> dict[str, Tensor]:
        nodes = tuple(sorted({address.partition("@")[0] for address in addresses}))
        if nodes not in self._extractors:
            self._extractors[nodes] = _extractor(self.model, nodes)
        values = self._extractors[nodes](x)
        found: dict[str, Tensor] = {}
        for address in addresses:
            node, _, side = address.partition("@")
            value = values[node]
            value = value if value.ndim == 4 else value[:, :, None, None]
            found[address] = torch.relu(value) if side == "post" else value
        return found


def _extractor(model: nn.Module, nodes: Sequence[str]) -> nn.Module:
    """The graph that computes `nodes` and stops there, with nothing done in place: a node keeps its own output."""
    extraction = import_torchvision().models.feature_extraction
    graph_module = extraction.create_feature_extractor(model, return_nodes={node: node for node in nodes})
    in_place = {operator.iadd: operator.add, operator.imul: operator.mul}
    for node in graph_module.graph.nodes:
        node.target = in_place.get(node.target, node.target) if callable(node.target) else node.target
        if node.kwargs.get("inplace"):
            node.kwargs = {**node.kwargs, "inplace": False}
    graph_module.recompile()
    for module in graph_module.modules():
        if getattr(module, "inplace", False):
            module.inplace = False
    extractor: nn.Module = graph_module.eval()
    return extractor


@torch.no_grad()
def _node_channels(model: nn.Module, input_size: int) -> dict[str, int]:
    """Node name -> channels, for the nodes whose output is a map `[B, C, h, w]` or a vector `[B, C]`."""
    extraction = import_torchvision().models.feature_extraction
    _, names = extraction.get_graph_node_names(model)
    values = _extractor(model, names)(torch.zeros(1, 3, input_size, input_size))
    return {
        name: int(value.shape[1])
        for name in names[1:]  # the first is the image itself
        if isinstance(value := values[name], Tensor) and value.ndim in (2, 4) and value.shape[0] == 1
    }


def torchvision_network(name: str) -> TorchvisionNetwork:
    """A torchvision model with its default weights and their own normalization.

    Raises InputError naming the nearest models when there is no such model.
    """
    names = model_names()
    if name not in names:
        close = nearest(name, [*names, "vgg16-hed", "efficientnet-lite0", "auto"])
        raise InputError(f"network: no network {name!r}; nearest: {close}")
    model = import_torchvision().models.get_model(name, weights=None)
    try:
        model.load_state_dict(pretrained_state(name))
    except (RuntimeError, AttributeError, TypeError) as error:
        file = _checkpoint(_default_weights(name))
        raise InputError(f"network {name}: {file} holds the weights of another network; delete it") from error
    preset = _default_weights(name).transforms()
    return TorchvisionNetwork(name, model, input_size=preset.crop_size[0], mean=preset.mean, std=preset.std)
