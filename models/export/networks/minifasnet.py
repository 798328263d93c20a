"""MiniFASNet (minivision's Silent-Face-Anti-Spoofing), crops of 80×80: a pruned MobileFaceNet, so that every block has a
width of its own. Written from the published structure.
"""

from torch import nn

#: Inner widths of the blocks, as pruning left them: a halving block, then a run of residual ones, three times over.
PRUNED = {
    "v1se": ((103, (13, 26, 13, 52)), (231, (154, 52, 26, 52, 26, 26)), (308, (26, 26))),
    "v2": ((103, (13, 13, 13, 13)), (231, (231, 52, 26, 77, 26, 26)), (308, (26, 26))),
}
STEM = 32
WIDTHS = (64, 128, 128)
LAST = 512
EMBEDDING = 128
CLASSES = 3
#: Side of the last feature map: an input of 80 pixels, halved four times.
LAST_SIDE = 5
#: Names of the halving blocks and of the runs after them.
HALVING = ("conv_23", "conv_34", "conv_45")
RUNS = ("conv_3", "conv_4", "conv_5")


def rename(state):
    return state


def build(_state, version):
    return MiniFASNet(PRUNED[version], excitation=version.endswith("se"))


class Convolution(nn.Module):
    def __init__(self, inputs, outputs, kernel=1, stride=1, padding=0, groups=1, active=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.prelu = nn.PReLU(outputs) if active else nn.Identity()

    def forward(self, x):
        return self.prelu(self.bn(self.conv(x)))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, reduction=4):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels // reduction)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        weights = nn.functional.adaptive_avg_pool2d(x, 1)
        weights = nn.functional.relu(self.bn1(self.fc1(weights)))
        return x * self.bn2(self.fc2(weights)).sigmoid()


class Separable(nn.Module):
    def __init__(self, inputs, inner, outputs, stride, residual, excitation=False):
        super().__init__()
        self.residual = residual
        self.conv = Convolution(inputs, inner)
        self.conv_dw = Convolution(inner, inner, 3, stride, 1, groups=inner)
        self.project = Convolution(inner, outputs, active=False)
        if excitation:
            self.se_module = SqueezeExcitation(outputs)

    def forward(self, x):
        y = self.project(self.conv_dw(self.conv(x)))
        if hasattr(self, "se_module"):
            y = self.se_module(y)
        return x + y if self.residual else y


class Run(nn.Module):
    """Residual blocks; in the version with excitation the last one has it."""

    def __init__(self, width, inner, excitation):
        super().__init__()
        last = len(inner) - 1
        self.model = nn.Sequential(
            *(
                Separable(width, one, width, 1, residual=True, excitation=excitation and at == last)
                for at, one in enumerate(inner)
            )
        )

    def forward(self, x):
        return self.model(x)


class MiniFASNet(nn.Module):
    def __init__(self, pruned, excitation):
        super().__init__()
        self.conv1 = Convolution(3, STEM, 3, 2, 1)
        self.conv2_dw = Convolution(STEM, STEM, 3, 1, 1, groups=STEM)
        inputs = STEM
        for halving, run, width, (inner, inners) in zip(HALVING, RUNS, WIDTHS, pruned):
            setattr(self, halving, Separable(inputs, inner, width, 2, residual=False))
            setattr(self, run, Run(width, inners, excitation))
            inputs = width
        self.conv_6_sep = Convolution(inputs, LAST)
        self.conv_6_dw = Convolution(LAST, LAST, LAST_SIDE, groups=LAST, active=False)
        self.linear = nn.Linear(LAST, EMBEDDING, bias=False)
        self.bn = nn.BatchNorm1d(EMBEDDING)
        self.prob = nn.Linear(EMBEDDING, CLASSES, bias=False)

    def forward(self, x):
        x = self.conv2_dw(self.conv1(x))
        for halving, run in zip(HALVING, RUNS):
            x = getattr(self, run)(getattr(self, halving)(x))
        x = self.conv_6_dw(self.conv_6_sep(x)).flatten(1)
        return self.prob(self.bn(self.linear(x)))
