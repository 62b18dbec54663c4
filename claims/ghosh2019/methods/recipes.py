"""The recipe of Ghosh et al.: a `Training` whose fields `with_` changes.

What the paper leaves out is said with what stands here instead.  A tier that trains for fewer epochs says so itself.
"""

from __future__ import annotations

from harness.training import (
    Adam,
    Data,
    Network,
)
from harness.training.training import Training


def ghosh(network: Network, data: Data) -> Training:
    """Ghosh et al. 2019, section 5.2 and appendix B (figure 6: rate 0.001, 50 epochs).

    Left out there: the optimiser (here Adam), the batch size (32), augmentation (none).  Figure 5 has the rate 0.0001.
    """
    return Training(network, data, Adam(1e-3), epochs=50, batch_size=32)
