"""What the claims of Ghosh et al. work with: spatial orderness, block swaps, their network and its recipe."""

from __future__ import annotations

from harness.networks import NETWORKS, SCHEMES

NETWORKS.register("ghosh-cnn", "claims.ghosh2019.methods.network:GhoshCnn")
SCHEMES.register("normal-deviation-0.05", "claims.ghosh2019.methods.spread_weights:normal_of_deviation")
