"""RetinaFace (Deng et al. 2019) as biubug6/Pytorch_Retinaface names its parts: a backbone, a feature pyramid of three
levels, an SSH context module on each, and three 1×1 heads of two anchors a cell. Written from the published structure.
"""

import re

import torch
from torch import nn
from torch.nn import functional

ANCHORS = 2
#: Values an anchor: box offsets, background or face, five landmarks.
HEADS = {"BboxHead": 4, "ClassHead": 2, "LandmarkHead": 10}

#: Names in yakhyo/retinaface-pytorch, whose networks are the same.
RENAMED = (
    (re.compile(r"^fx\."), "body."),
    (re.compile(r"^class_head\.class_head\.(\d)\."), r"ClassHead.\1.conv1x1."),
    (re.compile(r"^bbox_head\.bbox_head\.(\d)\."), r"BboxHead.\1.conv1x1."),
    (re.compile(r"^landmark_head\.landmark_head\.(\d)\."), r"LandmarkHead.\1.conv1x1."),
    (re.compile(r"^(body\.stage\d\.\d+)\.0\.([01]\..*)$"), r"\1.\2"),
    (re.compile(r"^(body\.stage\d\.\d+)\.1\.0\.(.*)$"), r"\1.3.\2"),
    (re.compile(r"^(body\.stage\d\.\d+)\.1\.1\.(.*)$"), r"\1.4.\2"),
)


def rename(state):
    return {_renamed(name): value for name, value in state.items()}


def _renamed(name):
    if name.startswith(("fx.", "class_head.", "bbox_head.", "landmark_head.")):
        for pattern, replacement in RENAMED:
            name = pattern.sub(replacement, name)
    return name


def build(state, backbone):
    lateral = state.get("fpn.output1.0.weight")
    width = lateral.shape[0] if lateral is not None and lateral.dim() == 4 else BACKBONES[backbone].pyramid
    return RetinaFace(BACKBONES[backbone], width)


def normed(inputs, outputs, kernel, stride=1, slope=None, groups=1):
    """Convolution and batch norm; with a slope, the activation as well."""
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if slope is not None:
        layers.append(nn.LeakyReLU(slope))
    return layers


class MobileNetV1(nn.Module):
    """The first 14 blocks of MobileNet v1 (Howard et al. 2017), in three stages of 8, 16 and 32 pixels a cell."""

    pyramid = 64
    #: Of each separable block: channels at full width, stride.
    STAGES = (
        ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1)),
        ((512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1)),
        ((1024, 2), (1024, 1)),
    )

    def __init__(self, width):
        super().__init__()
        channels = int(32 * width)
        stem = [nn.Sequential(*normed(3, channels, 3, 2, slope=0.1))]
        self.channels = []
        for at, blocks in enumerate(self.STAGES):
            stage = stem if at == 0 else []
            for full, stride in blocks:
                outputs = int(full * width)
                stage.append(
                    nn.Sequential(
                        *normed(channels, channels, 3, stride, slope=0.1, groups=channels),
                        *normed(channels, outputs, 1, slope=0.1),
                    )
                )
                channels = outputs
            setattr(self, f"stage{at + 1}", nn.Sequential(*stage))
            self.channels.append(channels)

    def forward(self, x):
        first = self.stage1(x)
        second = self.stage2(first)
        return first, second, self.stage3(second)


class Bottleneck(nn.Module):
    """1×1, 3×3 (which strides), 1×1 with four times the channels, beside a shortcut (He et al. 2015)."""

    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = normed(inputs, width, 1)
        self.conv2, self.bn2 = normed(width, width, 3, stride)
        self.conv3, self.bn3 = normed(width, 4 * width, 1)
        changes = stride != 1 or inputs != 4 * width
        self.downsample = nn.Sequential(*normed(inputs, 4 * width, 1, stride)) if changes else None

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        x = functional.relu(self.bn2(self.conv2(x)))
        return functional.relu(self.bn3(self.conv3(x)) + shortcut)


class ResNet(nn.Module):
    pyramid = 256

    def __init__(self, blocks):
        super().__init__()
        self.conv1, self.bn1 = normed(3, 64, 7, 2)
        channels = 64
        for at, count in enumerate(blocks):
            width = 64 << at
            layer = []
            for index in range(count):
                layer.append(Bottleneck(channels, width, 2 if at > 0 and index == 0 else 1))
                channels = 4 * width
            setattr(self, f"layer{at + 1}", nn.Sequential(*layer))
        self.channels = [512, 1024, 2048]

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)))
        x = self.layer1(functional.max_pool2d(x, 3, 2, 1))
        first = self.layer2(x)
        second = self.layer3(first)
        return first, second, self.layer4(second)


class Backbone:
    def __init__(self, make, pyramid):
        self.make = make
        self.pyramid = pyramid


BACKBONES = {
    "mobilenet0.25": Backbone(lambda: MobileNetV1(0.25), 64),
    "mobilenet1.0": Backbone(lambda: MobileNetV1(1.0), 128),
    "resnet50": Backbone(lambda: ResNet((3, 4, 6, 3)), 256),
    "resnet101": Backbone(lambda: ResNet((3, 4, 23, 3)), 256),
}


class Pyramid(nn.Module):
    """Lateral 1×1 convolutions; the coarser level, enlarged, is added to the finer one."""

    def __init__(self, channels, width, slope):
        super().__init__()
        self.output1, self.output2, self.output3 = (nn.Sequential(*normed(c, width, 1, slope=slope)) for c in channels)
        self.merge1 = nn.Sequential(*normed(width, width, 3, slope=slope))
        self.merge2 = nn.Sequential(*normed(width, width, 3, slope=slope))

    def forward(self, fine, middle, coarse):
        coarse = self.output3(coarse)
        middle = self.merge2(self.output2(middle) + doubled(coarse))
        fine = self.merge1(self.output1(fine) + doubled(middle))
        return fine, middle, coarse


def doubled(x):
    # By a factor, not to a size: multiples of 32 double exactly, and the graph stays free of shape arithmetic.
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class Context(nn.Module):
    """SSH (Najibi et al. 2017): 3×3, 5×5 and 7×7 as chains of 3×3, side by side."""

    def __init__(self, width, slope):
        super().__init__()
        half, quarter = width // 2, width // 4
        self.conv3X3 = nn.Sequential(*normed(width, half, 3))
        self.conv5X5_1 = nn.Sequential(*normed(width, quarter, 3, slope=slope))
        self.conv5X5_2 = nn.Sequential(*normed(quarter, quarter, 3))
        self.conv7X7_2 = nn.Sequential(*normed(quarter, quarter, 3, slope=slope))
        self.conv7x7_3 = nn.Sequential(*normed(quarter, quarter, 3))

    def forward(self, x):
        shared = self.conv5X5_1(x)
        wide = self.conv7x7_3(self.conv7X7_2(shared))
        return functional.relu(torch.cat([self.conv3X3(x), self.conv5X5_2(shared), wide], dim=1))


class Head(nn.Module):
    def __init__(self, width, values):
        super().__init__()
        self.values = values
        self.conv1x1 = nn.Conv2d(width, ANCHORS * values, 1)

    def forward(self, x):
        x = self.conv1x1(x).permute(0, 2, 3, 1)
        return x.reshape(x.shape[0], -1, self.values)


class RetinaFace(nn.Module):
    def __init__(self, backbone, width):
        super().__init__()
        # Narrow pyramids were trained with a leak.
        slope = 0.1 if width <= 64 else 0.0
        self.body = backbone.make()
        self.fpn = Pyramid(self.body.channels, width, slope)
        self.ssh1, self.ssh2, self.ssh3 = (Context(width, slope) for _ in range(3))
        for name, values in HEADS.items():
            setattr(self, name, nn.ModuleList(Head(width, values) for _ in range(3)))

    def forward(self, x):
        levels = self.fpn(*self.body(x))
        levels = [context(level) for context, level in zip((self.ssh1, self.ssh2, self.ssh3), levels)]

        def of(heads):
            return torch.cat([head(level) for head, level in zip(heads, levels)], dim=1)

        return of(self.BboxHead), torch.softmax(of(self.ClassHead), dim=-1), of(self.LandmarkHead)
