import pytest
import torch
from safetensors.torch import load_file

from mlm_demo.training.interpolation import Interpolation, copy_weights
from tests.support.tiny_models import ARCHITECTURES, build


def trained(architecture):
    """A model whose weights have all moved, with the weights before."""
    _, model = build(architecture)
    before = copy_weights(model)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += torch.randn(parameter.shape, generator=generator) / 10
    return model, before


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_model_moves_between_its_ends(architecture):
    model, before = trained(architecture)
    after = copy_weights(model)
    interpolation = Interpolation(model, before)
    for share in (0.25, 1.0, 0.0):
        interpolation.move_to(share)
        for name, parameter in model.named_parameters():
            expected = (1 - share) * before[name] + share * after[name]
            assert torch.allclose(parameter, expected, atol=1e-6), (share, name)
    assert all(parameter.equal(before[name]) for name, parameter in model.named_parameters())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_change_is_saved_under_the_names_of_the_weights(architecture, tmp_path):
    model, before = trained(architecture)
    interpolation = Interpolation(model, before)
    interpolation.move_to(0.5)
    model.save_pretrained(tmp_path / "half")
    interpolation.save_change(tmp_path / "change")
    model.save_pretrained(tmp_path / "half_again")
    interpolation.move_to(1.0)
    model.save_pretrained(tmp_path / "whole")
    half, change, again, whole = (
        load_file(tmp_path / name / "model.safetensors") for name in ("half", "change", "half_again", "whole")
    )
    assert half.keys() == change.keys() == whole.keys()
    assert all(tensor.equal(again[name]) for name, tensor in half.items())
    for name, tensor in whole.items():
        assert torch.allclose(half[name] + 0.5 * change[name], tensor, atol=1e-6), name
