"""What the claims of Ghosh et al. work with: spatial orderness, block swaps, their network and its recipe."""

from __future__ import annotations

from harness.networks import NETWORKS

NETWORKS.register("ghosh-cnn", "claims.ghosh2019.methods.network:GhoshCnn")
