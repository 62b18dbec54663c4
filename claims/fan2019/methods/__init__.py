"""What the claims of Fan et al. work with: shuffled networks, detectors, their recipes and readings."""

from __future__ import annotations

from harness.networks import NETWORKS

NETWORKS.register("fan-modified", "claims.fan2019.methods.modified_networks:fan")
NETWORKS.register("fan-detector", "claims.fan2019.methods.detector:detector")
