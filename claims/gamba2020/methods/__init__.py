"""What the claims of Gamba et al. work with: projections, arrangements, critical layers, recipes and readings."""

from __future__ import annotations

from harness.networks import NETWORKS

NETWORKS.register("gamba-lenet", "claims.gamba2020.methods.lenet:LeNet")
