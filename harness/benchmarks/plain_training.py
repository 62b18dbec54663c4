"""The training loop that a user of PyTorch would write, for the suite's trainer to be timed against."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from harness.system.torchvision_compat import torchvision

if TYPE_CHECKING:
    from harness.training.training import Training


class Images(Dataset[tuple[Any, int]]):
    """Labelled images, handed out one by one as PIL images and transformed, as torchvision's data sets do."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor, transform: Callable[[Any], torch.Tensor]) -> None:
        self._pixels = images.permute(0, 2, 3, 1).squeeze(3).numpy()
        self._labels = labels.tolist()
        self._transform = transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        from PIL import Image

        return self._transform(Image.fromarray(self._pixels[index])), self._labels[index]


def plain_epochs(recipe: Training, device: str, workers: int) -> Generator[int, None, None]:
    """Train for ever in float32; the number of images is given after every few steps, as the suite gives it."""
    from harness.benchmarks.training import COUNTED, random_pixels

    images, labels = random_pixels(recipe)
    loader = DataLoader(
        Images(images, labels, _transform(recipe, images.shape[-1])), recipe.batch_size, shuffle=True,
        num_workers=workers, pin_memory=device == "cuda", persistent_workers=workers > 0,
    )  # fmt: skip
    network = recipe.network.build().to(device)
    optimiser = recipe.optimiser.over(network.parameters())
    seen, loss_sum, right = 0, torch.zeros((), device=device), torch.zeros((), device=device)
    while True:
        for images, labels in loader:
            images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            logits = network(images)
            loss = nn.functional.cross_entropy(logits, labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            loss_sum += loss.detach() * len(labels)
            right += (logits.argmax(1) == labels).sum()
            seen += len(labels)
            if seen >= COUNTED[device]:
                torch.stack([loss_sum, right]).tolist()
                yield seen
                seen = 0


def _transform(recipe: Training, size: int) -> Callable[[Any], torch.Tensor]:
    transforms = torchvision.transforms
    shift, flip = recipe.augmentation.shift, recipe.augmentation.flip
    steps = [transforms.RandomCrop(size, padding=shift)] if shift else []
    steps += [transforms.RandomHorizontalFlip()] if flip else []
    return transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize(0.5, 0.25)])
