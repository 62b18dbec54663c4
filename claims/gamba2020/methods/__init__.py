"""What the claims of Gamba et al. work with: projections, arrangements, critical layers, recipes and readings.

Of the harness's networks, VGG is `plain-vgg` (section 3.1) with torchvision's head, as in the authors' code.  Kaiming's
is the initialisation that section 3.1 names for all networks; the code leaves AlexNet at torch's own.  The code also
draws noisy labels from the other classes alone, and puts pixels in their random order behind augmentation.  Layers are
reset one by one (section 3.3).
"""

from __future__ import annotations

from harness.networks import NETWORKS

NETWORKS.register("gamba-lenet", "claims.gamba2020.methods.lenet:LeNet")
