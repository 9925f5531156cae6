"""What set-up says of its size before it starts."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def install():
    spec = importlib.util.spec_from_file_location("install", ROOT / "tools" / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_cpu_build_is_taken_where_it_is_offered(install):
    assert install.torch_build("2.15.0, 2.14.0+cpu, 2.13.0+cpu, 2.13.0, 2.1.30", "2.13.0") == "2.13.0+cpu"
    assert install.torch_build("2.15.0, 2.13.0, 2.1.30", "2.13.0") == "2.13.0"
    assert install.torch_build("", "2.13.0") == "2.13.0"


def test_only_linux_gets_cuda_unasked(install):
    assert install.is_cuda("2.13.0", "linux") and install.is_cuda("2.13.0+cu130", "linux")
    assert not install.is_cuda("2.13.0+cpu", "linux")
    assert not install.is_cuda("2.13.0", "darwin") and not install.is_cuda("2.13.0", "win32")


def test_the_pin_is_read(install):
    assert install.pinned_torch((ROOT / "constraints.txt").read_text()).count(".") == 2
    with pytest.raises(SystemExit):
        install.pinned_torch("torchvision==1")


def test_large_downloads_are_shown_and_the_rest_is_not(install):
    large = "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (526.6 MB)"
    assert install.shown(large) == "  torch-2.13.0, 526 MB"
    assert install.shown("Installing collected packages: a, b, c") == "  installing 3 packages"
    for quiet in ("  Downloading rich-15.0.0-py3-none-any.whl (310 kB)", "Requirement already satisfied: rich", "\n"):
        assert install.shown(quiet) is None
