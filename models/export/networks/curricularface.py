"""CurricularFace (Huang et al. 2020): IR-101, 512 numbers out of a crop of 112×112."""

from torch import nn

from . import ir

#: IR-101: 3 + 13 + 30 + 3 units of two convolutions.
UNITS = (3, 13, 30, 3)


def rename(state):
    return state


def build(state):
    # HuangYG123/CurricularFace has five layers a unit; ModelScope's IR-101 six, and an affine norm or none.
    return CurricularFace("body.0.res_layer.5.weight" in state, "output_layer.4.weight" in state)


class CurricularFace(nn.Module):
    def __init__(self, middle_norm, affine):
        super().__init__()
        self.input_layer = ir.input_layer()
        self.body = ir.body(UNITS, middle_norm=middle_norm)
        self.output_layer = nn.Sequential(
            nn.BatchNorm2d(512),
            nn.Dropout(0.4),
            nn.Flatten(),
            nn.Linear(512 * ir.LAST_SIDE**2, 512),
            nn.BatchNorm1d(512, affine=affine),
        )

    def forward(self, x):
        return self.output_layer(self.body(self.input_layer(x)))
