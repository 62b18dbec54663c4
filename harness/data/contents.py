"""What the known files decode to: the content digest of a layout, by the path of its file of images.

With it a data set's digest is known as soon as its files have proved to be the listed ones; nothing has to be decoded.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.data.files import DataFile
from harness.data.sums import is_listed

_TABLE = """\
3b00591c8388f554f40e3261b278019bd9a42aeb8c4a05533ca1e898cf2bb0c6 MNIST/raw/train-images-idx3-ubyte
fbd6f42d57b563a45b603897ff2da75ea4bb97af25fcaee7a797dba4207acba2 MNIST/raw/t10k-images-idx3-ubyte
8830c67475bd06da94e4dbf03691002983234f0273585bf4acb0f573f622f83b FashionMNIST/raw/train-images-idx3-ubyte
90e125fcf3d2c0990f31b6ca1f774b9078affd61e058bc7f54bbd52da395da0a FashionMNIST/raw/t10k-images-idx3-ubyte
c349dd4f7bf5894cc6dc4ea30053ec187234e4b64d59224891ab97d00a7813f2 CIFAR10/train_images.zip
b00ad348237d7c168f4671ddcb706b7931f4d8c3b613b7659a9758965991ab87 CIFAR10/test_images.zip
580e0864bf49a183dd1fa9aad593b07e285d691df0ac86478737b69fb9646415 CIFAR100/train_images.zip
172dab123530c5c302384bf30ecf4f146124303383e0f763fab94f0068c19138 CIFAR100/test_images.zip
"""

_BY_PATH = {path: digest for digest, path in (line.split() for line in _TABLE.splitlines())}


def known_digest(files: Sequence[DataFile]) -> str | None:
    """The content digest (see `harness.data.digest`) of a layout with these files, or None where it is not known.

    Known are only files that `harness.data.sums` lists.  Images come first; a gzipped file holds what the bare one is.
    """
    if any(not is_listed(file) for file in files):
        return None
    return _BY_PATH.get(files[0].path.removesuffix(".gz"))
