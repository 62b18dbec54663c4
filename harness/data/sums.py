"""SHA-256 (as `sha256sum` prints it), size in bytes and path of every file that the catalogue knows."""

from __future__ import annotations

from harness.data.files import DataFile

_TABLE = """\
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  47040016 MNIST/raw/train-images-idx3-ubyte
440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609   9912422 MNIST/raw/train-images-idx3-ubyte.gz
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5     60008 MNIST/raw/train-labels-idx1-ubyte
3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c     28881 MNIST/raw/train-labels-idx1-ubyte.gz
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7   7840016 MNIST/raw/t10k-images-idx3-ubyte
8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6   1648877 MNIST/raw/t10k-images-idx3-ubyte.gz
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2     10008 MNIST/raw/t10k-labels-idx1-ubyte
f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6      4542 MNIST/raw/t10k-labels-idx1-ubyte.gz
c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888  47040016 FashionMNIST/raw/train-images-idx3-ubyte
3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84  26421880 FashionMNIST/raw/train-images-idx3-ubyte.gz
bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9     60008 FashionMNIST/raw/train-labels-idx1-ubyte
a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845     29515 FashionMNIST/raw/train-labels-idx1-ubyte.gz
5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b   7840016 FashionMNIST/raw/t10k-images-idx3-ubyte
346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073   4422102 FashionMNIST/raw/t10k-images-idx3-ubyte.gz
0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34     10008 FashionMNIST/raw/t10k-labels-idx1-ubyte
67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5      5148 FashionMNIST/raw/t10k-labels-idx1-ubyte.gz
6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce 170498071 cifar-10-python.tar.gz
54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd  31035704 cifar-10-batches-py/data_batch_1
766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8  31035320 cifar-10-batches-py/data_batch_2
0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9  31035999 cifar-10-batches-py/data_batch_3
3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b  31035696 cifar-10-batches-py/data_batch_4
d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154  31035623 cifar-10-batches-py/data_batch_5
f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831  31035526 cifar-10-batches-py/test_batch
49e264360f9114121fe668706fbaaa3c92fe56212bd129f6f98c972927c481b3  81330204 CIFAR10/train_images.zip
b8acb7a118e7aa15ca803241e3f531f1bd97ce1533cd6963624ff2f320541c79  16272226 CIFAR10/test_images.zip
100457827cb30b2869dbdce3761c5279714820de9a8c6fa4d0dcc7cbc3037527     30265 CIFAR10/labels.npz
4e4dbe021f52aaf711dee67c34ac9525cc026a8e20655a180166e6163f8f20a1       803 CIFAR10/inexact.json
85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7 169001437 cifar-100-python.tar.gz
735e79b04f092ca3d2e6d07f368c0a7d70d48c48d28865950cc24454cf45129b 155249918 cifar-100-python/train
4b67687d9933c4db8f0831104447f15b93774f4f464bd0516f0f0f2ac83b7864  31049707 cifar-100-python/test
7285eee04ce8779612ae3a6e340e3798a4d56ea343a84300c611c024e71f4eac  81838320 CIFAR100/train_images.zip
c94985700c4d7c41a6721a6eaedf74a0981e6cdd134f91875d18b03faac722b8  16409614 CIFAR100/test_images.zip
6db459cf5605b59782f3d2edcce3bb2a1ef004d3c0c52b96bac42a6eb3873c92     87764 CIFAR100/labels.npz
"""


def listed(path: str, url: str = "") -> DataFile:
    """The file of this path below the data folder; KeyError for one that is not in the table."""
    size, sha256 = _LISTED[path]
    return DataFile(path, size, sha256, url)


def is_listed(file: DataFile) -> bool:
    """Whether a file is the one that the table has under its path."""
    return _LISTED.get(file.path) == (file.size, file.sha256)


def _rows() -> dict[str, tuple[int, str]]:
    rows = (line.split() for line in _TABLE.splitlines())
    return {path: (int(size), sha256) for sha256, size, path in rows}


_LISTED = _rows()
