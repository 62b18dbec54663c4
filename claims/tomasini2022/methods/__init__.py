"""What the claims of Tomasini et al. work with: the scale-detection task, deformations, sensitivities, diffusion."""

from __future__ import annotations

from harness.data import DATA_SETS
from harness.networks import NETWORKS

DATA_SETS.register("scale-detection-2d", "claims.tomasini2022.methods.scale_images:scale_images")
NETWORKS.register("tomasini-lenet", "claims.tomasini2022.methods.image_networks:lenet")
NETWORKS.register("tomasini-alexnet", "claims.tomasini2022.methods.image_networks:alexnet")
NETWORKS.register("tomasini-vgg", "claims.tomasini2022.methods.image_networks:vgg")
