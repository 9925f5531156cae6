"""The networks that are known by name; any other name is a model of torchvision."""

from __future__ import annotations

from collections.abc import Callable

from plotart.core.errors import InputError
from plotart.networks.base import Network, Pretrained, networks
from plotart.networks.dinov2 import DINOV2, dinov2
from plotart.networks.efficientnet import LITE0, efficientnet_lite0
from plotart.networks.torchvision import pretrained_state, pretrained_within_reach
from plotart.networks.vgg import HED, vgg16, vgg16_hed
from plotart.networks.weights import is_cached, load_weights

__all__ = ["Auto", "DinoV2S", "Lite0", "Vgg16", "Vgg16Hed"]


@networks.register("auto")
class Auto(Pretrained):
    about = "vgg16 when its weights are cached or reachable, else vgg16-hed"

    def build(self, report: Callable[[str], None]) -> Network:
        reason = "its weights are neither cached nor reachable"
        try:
            if pretrained_within_reach("vgg16"):
                return Vgg16().build(report)
        except InputError as error:
            reason = str(error)
        report(
            f"network auto: vgg16 cannot be used here ({reason}); using vgg16-hed, "
            f"a VGG-16 fine-tuned from ImageNet for edges{'' if is_cached(HED) else ', fetched now (55 MB)'}."
        )
        return Vgg16Hed().build(report)


@networks.register("vgg16")
class Vgg16(Pretrained):
    about = "VGG-16 of ImageNet, torchvision's weights (528 MB)"

    def build(self, report: Callable[[str], None]) -> Network:
        return vgg16(pretrained_state("vgg16"))


@networks.register("vgg16-hed")
class Vgg16Hed(Pretrained):
    about = "VGG-16 of ImageNet fine-tuned for edges, from the package index (55 MB); best at conv4_1..conv4_3"

    def build(self, report: Callable[[str], None]) -> Network:
        return vgg16_hed(load_weights(HED))


@networks.register("efficientnet-lite0")
class Lite0(Pretrained):
    about = "EfficientNet-Lite0 of ImageNet, from the package index (17 MB); the fastest"

    def build(self, report: Callable[[str], None]) -> Network:
        return efficientnet_lite0(load_weights(LITE0))


@networks.register("dinov2-s")
class DinoV2S(Pretrained):
    about = "DINOv2-S, a vision transformer with a head for --focus auto, from the package index (90 MB)"

    def build(self, report: Callable[[str], None]) -> Network:
        return dinov2(load_weights(DINOV2))
