"""Reading a PyTorch checkpoint as data, and putting it into a network, strictly."""

import pickle

import torch

from refusal import Refusal

#: Under which of its keys a training script keeps the weights.
WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "backbone")
#: What a data-parallel wrapper puts before every name.
PREFIXES = ("module.", "model.", "backbone.")
#: Names that are shown of a long list.
SHOWN = 6


def read_checkpoint(path):
    """The weights by name. Nothing but tensors and plain values is unpickled (`weights_only`)."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # PyTorch's own message says how to run the code all the same: nobody should.
        raise Refusal(
            f"{path} is no file of weights alone; where it is a whole pickled model, "
            "save its weights by themselves: torch.save(model.state_dict(), ...)"
        ) from error
    except Exception as error:  # A damaged file can fail anywhere inside.
        raise Refusal(f"{path} is no PyTorch checkpoint ({type(error).__name__})") from error
    for key in WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    tensors = {}
    if isinstance(content, dict):
        tensors = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise Refusal(f"{path} has no weights by name: expected a state dict, got {type(content).__name__}")
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in tensors):
            tensors = {name[len(prefix) :]: value for name, value in tensors.items()}
    return tensors


def load_strictly(network, state, what):
    """Every weight of the network must be in the checkpoint in its shape, and nothing may be left over."""
    expected = network.state_dict()
    # Old versions of PyTorch did not count batches; inference does not ask for the count.
    counters = {name for name in expected if name.endswith(".num_batches_tracked")}
    missing = [name for name in expected if name not in state and name not in counters]
    left_over = [name for name in state if name not in expected]
    differing = [
        f"{name}: expected {list(expected[name].shape)}, got {list(state[name].shape)}"
        for name in expected
        if name in state and expected[name].shape != state[name].shape
    ]
    problems = [
        f"{len(names)} {title}: {', '.join(names[:SHOWN])}{', …' if len(names) > SHOWN else ''}"
        for title, names in (("missing", missing), ("not known", left_over), ("of another shape", differing))
        if names
    ]
    if problems:
        raise Refusal(f"the checkpoint is not {what}: " + "; ".join(problems))
    network.load_state_dict({**{name: expected[name] for name in counters}, **state}, strict=True)
    return network.eval()
