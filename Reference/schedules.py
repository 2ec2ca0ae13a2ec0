"""PyTorch's learning-rate schedulers, step by step, in float64.

One scheduler step is one step of ours and one epoch: `epochs` rates each. Warm-up is LinearLR before
the schedule by SequentialLR. Inverse scaling and coslog4 (Holzmueller et al. 2024, arXiv 2407.04491)
are not in PyTorch: their formulas go through LambdaLR. The plateau sees the losses under `losses`.
"""

import math

import torch

import fixtures

PEAK, EPOCHS = 0.3, 60
LOSSES = [1 / (1 + e) if e < 12 else 0.05 + 0.01 * ((7 * e) % 5) for e in range(EPOCHS)]


def cases():
    from torch.optim import lr_scheduler as lr
    yield "constant", 0.0, lambda o, n: lr.LambdaLR(o, lambda t: 1.0)
    for warm_up in (0.0, 0.1):
        yield "cosine", warm_up, lambda o, n: lr.CosineAnnealingLR(o, T_max=n)
        yield "step:7:0.5", warm_up, lambda o, n: lr.StepLR(o, step_size=7, gamma=0.5)
        yield "exponential:0.9", warm_up, lambda o, n: lr.ExponentialLR(o, gamma=0.9)
        yield "inverse-scaling:0.5", warm_up, lambda o, n: lr.LambdaLR(o, lambda t: (t + 1) ** -0.5)
        yield "cosine-restarts:5:2", warm_up, lambda o, n: lr.CosineAnnealingWarmRestarts(
            o, T_0=5, T_mult=2)
        yield "cosine-restarts:8", warm_up, lambda o, n: lr.CosineAnnealingWarmRestarts(o, T_0=8)
    yield "one-cycle", 0.0, lambda o, n: lr.OneCycleLR(o, max_lr=PEAK, total_steps=n)
    yield "one-cycle:0.45", 0.0, lambda o, n: lr.OneCycleLR(
        o, max_lr=PEAK, total_steps=n, pct_start=0.45)
    yield "coslog4", 0.0, lambda o, n: lr.LambdaLR(
        o, lambda t: 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * t / n))))
    yield "plateau:0.5:4", 0.0, lambda o, n: lr.ReduceLROnPlateau(o, factor=0.5, patience=4)


def run(name, warm_up, scheduler):
    from torch.optim import lr_scheduler as lr
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    rising = math.ceil(warm_up * EPOCHS)
    after = scheduler(optimizer, EPOCHS - rising)
    if rising:
        before = lr.LinearLR(optimizer, start_factor=1 / rising, total_iters=rising - 1)
        after = lr.SequentialLR(optimizer, [before, after], milestones=[rising])
    rates = []
    for epoch in range(EPOCHS):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if epoch == EPOCHS - 1:
            break
        after.step(LOSSES[epoch]) if name.startswith("plateau") else after.step()
    return {"name": name, "warmUp": warm_up, "rates": rates}


def build():
    return {"source": f"PyTorch {torch.__version__.split('+')[0]}, torch.optim.lr_scheduler",
            "learningRate": PEAK, "epochs": EPOCHS, "losses": LOSSES,
            "cases": [run(*case) for case in cases()]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    fixtures.main("pytorch_schedules.json", build, tolerance=1e-12)
