"""A training step captured on a GPU and replayed."""

import pytest
import torch

from mlm_demo.models.masked_lm import MaskedLM
from mlm_demo.training.config import AdaptConfig
from mlm_demo.training.dataset import make_blocks
from mlm_demo.training.fast.compile import Compiled
from mlm_demo.training.fast.cuda_graph import WARM_UP, GraphedStep
from mlm_demo.training.train import train
from tests.support.tiny_models import ARCHITECTURES, build
from tests.support.training import TEXTS, eval_sets, needs_gpu

CONFIG = AdaptConfig(max_steps=12, batch_size=4, block_size=32, learning_rate=1e-3)


@needs_gpu
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_training_with_cuda_graphs_is_ordinary_training(architecture, tmp_path, monkeypatch):
    """The same losses and weights, whether or not the architecture can be captured and compiled."""
    torch._dynamo.reset()  # it keeps to a few shapes of one function in a process
    found, compiled, compiles = [], [], GraphedStep._compile

    def compile_and_note(self, batch):
        compiled.append(compiles(self, batch))
        return compiled[-1]

    monkeypatch.setattr(GraphedStep, "_compile", compile_and_note)
    for step_time, replays in ((60.0, True), (0.0, True), (0.0, False)):  # a long run is compiled
        mlm = MaskedLM(*build(architecture))
        mlm.model.to("cuda")
        blocks = make_blocks(mlm, TEXTS, [], CONFIG)
        with monkeypatch.context() as patched:
            if not replays:
                patched.setattr(GraphedStep, "_capture", lambda self, *_: setattr(self, "can_capture", False))
            folder = tmp_path / f"{step_time} {replays}"
            done = train(mlm, blocks, eval_sets(mlm, TEXTS[:3], CONFIG), CONFIG, folder, step_time=step_time)
        losses = [line.get("loss", line.get("eval_loss")) for line in done.log]
        if step_time:
            assert compiled[:1] == [True] or (not compiled and architecture != "BERT")
        found.append((losses, [p.detach().clone() for p in mlm.model.parameters()]))
    *faster, (losses, weights) = found
    for its_losses, its_weights in faster:
        assert its_losses == pytest.approx(losses, rel=2e-3)
        for one, two in zip(its_weights, weights, strict=True):
            torch.testing.assert_close(one, two, atol=5e-3, rtol=1e-2)


@needs_gpu
def test_only_captured_shapes_are_replayed():
    layer = torch.nn.Linear(3, 2).cuda()
    calls = []

    def forward_backward(batch):
        calls.append(len(batch["x"]))
        loss = layer(batch["x"]).square().sum()
        loss.backward()
        return loss.detach()

    step = GraphedStep(forward_backward, list(layer.parameters()))
    for rows in [4] * (WARM_UP + 3) + [2, 4] * (WARM_UP + 2) + [3] * (WARM_UP + 2):
        batch = {"x": torch.randn(rows, 3, device="cuda")}
        layer.zero_grad()
        loss = step(batch)
        got = layer.weight.grad.clone()
        layer.zero_grad()
        expected = layer(batch["x"]).square().sum()
        expected.backward()
        torch.testing.assert_close(loss, expected.detach())
        torch.testing.assert_close(got, layer.weight.grad)
        del (
            expected
        )  # a graph that is kept alive ties the gradients to its own stream, and nothing can be captured
    # The call after the warm-up is the capture; a third shape is not captured.
    assert calls == [4] * (WARM_UP + 1) + [2] * (WARM_UP + 1) + [3] * (WARM_UP + 2)


@needs_gpu
def test_a_step_that_reads_its_tensors_is_not_captured():
    weight = torch.nn.Parameter(torch.ones(3, device="cuda"))

    def forward_backward(batch):
        loss = (weight * batch["x"]).sum() * (2 if batch["x"].sum().item() > 0 else 1)
        loss.backward()
        return loss.detach()

    step = GraphedStep(forward_backward, [weight])
    for _ in range(WARM_UP + 3):
        weight.grad = None
        x = torch.randn(3, device="cuda")
        assert step({"x": x}).item() == pytest.approx((x.sum() * (2 if x.sum() > 0 else 1)).item(), rel=1e-4)
    assert not step.graphs


class Squares:
    """A loss whose middle part can be compiled, or not."""

    def __init__(self, layer, fails):
        self.layer, self.fails = layer, fails

    def middle(self, found):
        if self.fails:
            torch._dynamo.graph_break()
        return found.square()

    def forward_backward(self, batch):
        loss = self.middle(self.layer(batch["x"])).sum()
        loss.backward()
        return loss.detach()


@needs_gpu
@pytest.mark.parametrize("fails", [False, True])
def test_a_part_is_captured_compiled_or_if_that_fails_as_it_is(fails):
    squares = Squares(torch.nn.Linear(3, 2).cuda(), fails)
    compiled = Compiled(methods=[(squares, "middle")])
    step = GraphedStep(squares.forward_backward, list(squares.layer.parameters()), compiled)
    for _ in range(WARM_UP + 3):
        batch = {"x": torch.randn(4, 3, device="cuda")}
        squares.layer.zero_grad()
        loss = step(batch)
        got = squares.layer.weight.grad.clone()
        squares.layer.zero_grad()
        torch.testing.assert_close(loss, squares.layer(batch["x"]).square().sum().detach())
        assert got.abs().sum() > 0
    assert (step.compiled is None) is fails
    assert "middle" not in vars(squares)
    if not fails:
        assert step.graphs
