"""The ArcFace backbones of insightface (Deng et al. 2019; IResNet-18 to -100), by the names of its PyTorch checkpoints."""

import re

from torch import nn

WIDTHS = (64, 128, 256, 512)
KNOWN = {(2, 2, 2, 2): 18, (3, 4, 6, 3): 34, (3, 4, 14, 3): 50, (3, 13, 30, 3): 100}
#: Taken where the checkpoint has no such layers at all: what is missing is then said of the usual one.
USUAL = (3, 4, 14, 3)


def rename(state):
    return state


def build(state):
    counts = tuple(
        1 + max((int(m[1]) for m in (re.match(rf"layer{at}\.(\d+)\.", name) for name in state) if m), default=-1)
        for at in range(1, 5)
    )
    return IResNet(counts if counts in KNOWN else USUAL)


class Unit(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        changes = stride != 1 or inputs != outputs
        projection = (nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.downsample = nn.Sequential(*projection) if changes else None

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        return self.bn3(self.conv2(x)) + shortcut


class IResNet(nn.Module):
    def __init__(self, units):
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.prelu = nn.PReLU(WIDTHS[0])
        inputs = WIDTHS[0]
        for at, (width, count) in enumerate(zip(WIDTHS, units)):
            layer = []
            for index in range(count):
                layer.append(Unit(inputs, width, 2 if index == 0 else 1))
                inputs = width
            setattr(self, f"layer{at + 1}", nn.Sequential(*layer))
        self.bn2 = nn.BatchNorm2d(512)
        self.fc = nn.Linear(512 * 7 * 7, 512)
        self.features = nn.BatchNorm1d(512)

    def forward(self, x):
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(self.bn2(x).flatten(1)))
