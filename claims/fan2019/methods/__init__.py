"""What the claims of Fan et al. work with: shuffled networks, detectors, their recipes and readings.

Of the harness's networks, VGG-16 is `vgg16` (section 3.2): global average pooling and three dense layers behind it.
The authors' code has convolutions both with and without biases before batch normalisation.  What the paper calls the
'sub-modules' of a residual network are its bottlenecks; its stem for 32 x 32 images is 3 x 3, of stride 1, without
max-pooling (section 3.2).
"""

from __future__ import annotations

from harness.networks import NETWORKS

NETWORKS.register("fan-modified", "claims.fan2019.methods.modified_networks:fan")
NETWORKS.register("fan-detector", "claims.fan2019.methods.detector:detector")
