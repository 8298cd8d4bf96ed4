"""A file that imports or calls what may read files may read one that was written."""

import pytest

from gradviz.recording.reading import readers

READS = [
    "from lib import default_loader",
    "from torchvision.datasets import ImageFolder",
    "import lib",
    "from numpy import *",
    "from numpy import loadtxt as told",
    "import argparse\nargparse.ArgumentParser(fromfile_prefix_chars='@')",
    "import numpy as np\ngetattr(np, 'load')('a.npy')",
    "import numpy as np\nnp.lib.npyio.NpzFile('a.npz')",
    "import os\nos.open('w', os.O_RDWR)",
    "rows = map(open, names)",
    "class Keep:\n    def write(self, text): self.text = text",
    "def told(reader, path): return reader(path)",
]
READS_NONE = [
    "import argparse\nargs = argparse.ArgumentParser().parse_args()",
    "import torch\nfrom torch.utils.data import DataLoader\n"
    "def train(loader, net):\n    for inputs in loader: net(inputs)\n"
    "train_loader = DataLoader(data)\ntrain(train_loader, net)\nnet.load_state_dict(torch.load(p))",
    "class Run:\n    def __init__(self, loader): self.loader = loader\n"
    "    def run(self): return [x for x in self.loader]",
    "import csv\nimport logging\nimport numpy as np\nfrom pathlib import Path\n"
    "with Path('a').open('w') as f: csv.writer(f).writerow(given)",
]


@pytest.fixture
def judged(program):
    def judge(text):
        readers.may_read.cache_clear()
        return readers.may_read(program(f"{text}\ndef f(): pass\n").at("f", "")[0].co_filename)

    return judge


@pytest.mark.parametrize("text", READS)
def test_a_file_with_what_may_read_may_read(judged, text):
    assert judged(text)


@pytest.mark.parametrize("text", READS_NONE)
def test_a_script_that_only_trains_and_writes_reads_nothing(judged, text):
    assert not judged(text)
