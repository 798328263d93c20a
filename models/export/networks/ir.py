"""The "improved residual" network of face recognition (Deng et al. 2019, with optional squeeze-and-excitation), as
ZhaoJ9014/face.evoLVe and its heirs name its parts. Written from the published structure.
"""

from torch import nn
from torch.nn import functional

WIDTHS = (64, 128, 256, 512)
#: Pixels a side after the last stage, for a crop of 112.
LAST_SIDE = 7


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)

    def forward(self, x):
        weights = functional.adaptive_avg_pool2d(x, 1)
        return x * self.fc2(functional.relu(self.fc1(weights))).sigmoid()


class Unit(nn.Module):
    """
    :param middle_norm: a batch norm between the first convolution and its activation, as later versions have it.
    """

    def __init__(self, inputs, outputs, stride, middle_norm, excitation):
        super().__init__()
        if inputs == outputs:
            self.shortcut_layer = nn.MaxPool2d(1, stride)
        else:
            self.shortcut_layer = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )
        layers = [nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)]
        if middle_norm:
            layers.append(nn.BatchNorm2d(outputs))
        layers += [nn.PReLU(outputs), nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)]
        if excitation:
            layers.append(SqueezeExcitation(outputs))
        self.res_layer = nn.Sequential(*layers)

    def forward(self, x):
        return self.res_layer(x) + self.shortcut_layer(x)


def input_layer():
    return nn.Sequential(nn.Conv2d(3, WIDTHS[0], 3, 1, 1, bias=False), nn.BatchNorm2d(WIDTHS[0]), nn.PReLU(WIDTHS[0]))


def body(units, middle_norm=False, excitation=False):
    """:param units: of each of the four stages; the first unit of a stage halves the sides."""
    layers = []
    inputs = WIDTHS[0]
    for width, count in zip(WIDTHS, units):
        for index in range(count):
            layers.append(Unit(inputs, width, 2 if index == 0 else 1, middle_norm, excitation))
            inputs = width
    return nn.Sequential(*layers)
