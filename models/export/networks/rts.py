"""RTS (Shang et al. 2022, arXiv 2212.01015): an IR-SE network of 64 layers with two heads, the embedding and the
logarithm of its uncertainty. The names are those of ModelScope's checkpoint.
"""

from torch import nn

from . import ir

UNITS = (3, 8, 16, 3)


def rename(state):
    return state


def build(state):
    plus = state.get("logvar_rts_plus_backbone.0.weight")
    return Rts(plus.shape[0] if plus is not None and plus.dim() == 2 else None)


class Rts(nn.Module):
    """
    :param plus: width of the second uncertainty head that the checkpoint may carry; it is not asked.
    """

    def __init__(self, plus):
        super().__init__()
        pixels = 512 * ir.LAST_SIDE**2
        self.features = nn.Sequential(
            ir.input_layer(),
            ir.body(UNITS, excitation=True),
            nn.Sequential(nn.BatchNorm2d(512), nn.Dropout(), nn.Flatten()),
        )
        self.features_backbone = head(pixels, 512)
        self.logvar_rts_backbone = head(pixels, 1)
        if plus is not None:
            self.logvar_rts_plus_backbone = head(pixels, plus)

    def forward(self, x):
        features = self.features(x)
        return self.features_backbone(features), self.logvar_rts_backbone(features)


def head(inputs, outputs):
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs))
