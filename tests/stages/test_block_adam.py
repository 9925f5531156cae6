"""BlockAdam against what it claims: Adam where coordinates are independent, faster where they are not."""

import copy

import torch
from torch.optim import Adam

from plotart.stages.block_adam import BlockAdam


def test_rows_of_one_number_move_as_with_adam():
    one, other = (torch.linspace(-1, 1, 5)[:, None].clone().requires_grad_() for _ in range(2))
    ours, adam = BlockAdam([one], lr=0.1, damping=0), Adam([other], lr=0.1, betas=(0.9, 0.95), eps=0)
    BlockAdam.EVERY = 1000  # while young the root is taken at every step
    try:
        for _ in range(20):
            for parameter, optimizer in ((one, ours), (other, adam)):
                parameter.grad = 2 * parameter.detach() + 0.3
                optimizer.step()
    finally:
        BlockAdam.EVERY = 10
    torch.testing.assert_close(one, other)


def descend(optimizer_of, steps):
    """Rows in a long valley across the axes: what is left of |x^T A x| after so many steps."""
    turn = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(1)))[0]
    form = turn @ torch.diag(torch.logspace(-3, 1, 8)) @ turn.T
    rows = torch.randn(16, 8, generator=torch.Generator().manual_seed(2)).requires_grad_()
    optimizer = optimizer_of([rows])
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * (1 - step / steps)
        rows.grad = (rows @ form).detach()
        optimizer.step()
    return float(torch.einsum("ni,ij,nj->", rows, form, rows).detach())


def test_a_valley_across_the_axes_is_found_faster_than_by_adam():
    assert descend(BlockAdam, 120) < 0.5 * descend(Adam, 120)


def test_saved_state_goes_on_to_the_same_bytes():
    rows = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    target = torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(1))

    def steps(parameter, optimizer, count):
        for _ in range(count):
            parameter.grad = (parameter.detach() - target) * target.abs()
            optimizer.step()

    optimizer = BlockAdam([rows])
    steps(rows, optimizer, 13)
    saved, half = copy.deepcopy(optimizer.state_dict()), rows.detach().clone().requires_grad_()
    steps(rows, optimizer, 12)
    again = BlockAdam([half])
    again.load_state_dict(saved)
    steps(half, again, 12)
    assert torch.equal(half, rows)


def test_a_row_that_gets_its_first_gradient_late_takes_no_leap():
    row = torch.nn.Parameter(torch.zeros(1, 4))
    optimizer = BlockAdam([row], lr=0.01)
    for step in range(40):
        row.grad = torch.full((1, 4), 0.0 if step < 25 else 1e-3)
        before = row.detach().clone()
        optimizer.step()
        assert float((row.detach() - before).norm()) <= 0.041
