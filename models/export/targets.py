"""What each exportable catalog entry is made from and what its file must look like. Imports nothing heavy."""

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple


@dataclass(frozen=True)
class Target:
    #: Module of `networks/` whose `build(state, **options)` makes the network.
    network: str
    #: Where such checkpoints come from, for people.
    source: str
    #: Name of the only input, float32 [n, 3, height, width].
    input: str
    #: Names of the outputs, in the order in which the network gives them.
    outputs: Tuple[str, ...]
    #: Height and width of the input; None where any multiple of 32 will do.
    size: Optional[Tuple[int, int]]
    options: Mapping[str, object]


def _retinaface(backbone, source, names=("input", "boxes", "confidence", "landmarks")):
    return Target("retinaface", source, names[0], names[1:], None, {"backbone": backbone})


TARGETS = {
    "retinaface-mobilenet025": _retinaface(
        "mobilenet0.25",
        "mobilenet0.25_Final.pth of biubug6/Pytorch_Retinaface (MIT)",
        # As in the published file that the catalog names.
        ("input0", "output0", "593", "592"),
    ),
    "retinaface-mobilenet1.0": _retinaface("mobilenet1.0", "retinaface_mv1.pth of yakhyo/retinaface-pytorch (MIT)"),
    "retinaface-resnet50": _retinaface("resnet50", "Resnet50_Final.pth of biubug6/Pytorch_Retinaface (MIT)"),
    "retinaface-resnet101": _retinaface("resnet101", "one that you trained with biubug6/Pytorch_Retinaface"),
    "arcface-w600k-512d": Target(
        "iresnet",
        "backbone.pth of insightface's arcface_torch, r18 to r100 (published weights: non-commercial)",
        "input.1",
        ("embedding",),
        (112, 112),
        {},
    ),
    "curricularface-ir101-512d": Target(
        "curricularface",
        "CurricularFace_Backbone.pth of HuangYG123/CurricularFace (MIT)",
        "input",
        ("embedding",),
        (112, 112),
        {},
    ),
    "rts-512d": Target(
        "rts",
        "pytorch_model.bin of ModelScope's damo/cv_ir_face-recognition-ood_rts",
        "input",
        ("embedding", "logvar"),
        (112, 112),
        {},
    ),
    "minifasnet-v2-crop2.7": Target(
        "minifasnet",
        "2.7_80x80_MiniFASNetV2.pth of minivision-ai/Silent-Face-Anti-Spoofing (Apache-2.0)",
        "input",
        ("output",),
        (80, 80),
        {"version": "v2"},
    ),
    "minifasnet-v1se-crop4.0": Target(
        "minifasnet",
        "4_0_0_80x80_MiniFASNetV1SE.pth of minivision-ai/Silent-Face-Anti-Spoofing (Apache-2.0)",
        "input",
        ("output",),
        (80, 80),
        {"version": "v1se"},
    ),
}
