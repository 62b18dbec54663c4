"""The machine and the versions that a session ran on, for its report."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import version

from harness.system.processors import processors

PACKAGES = ("torch", "torchvision", "numpy", "scipy", "pytest")
"""Those that verdicts come from."""


def environment(device: str) -> dict[str, object]:
    """Versions, platform and device; nothing that names the machine or its user."""
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": processors(),
        "device": device_name(device),
    }


def device_name(device: str) -> str:
    """The device's name; says "cpu" without loading torch where no claim needed it."""
    torch = sys.modules.get("torch")
    if device.startswith("cpu") or torch is None or not torch.cuda.is_available():
        return "cpu"
    return torch.cuda.get_device_name(0 if device == "auto" else device)
