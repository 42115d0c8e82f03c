"""The selective scan as two Triton kernels, for GPUs: one program for a prompt and some of its channels.

Notation and shapes: `icl_bench.blocks.selective_scan`; every argument may have one more axis before those,
over which scans are separate: that of models that are trained together. Programs hold the state in registers
and go from token to token. The backward kernel goes forwards first, and keeps the states before every token
in memory that the next layer uses again. Nothing is added up in an order that varies: gradients are the same
bits in every run.
"""

import math
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

CHANNELS = 32  # of a program
WARPS = 4


def forward(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """y (batch, tokens, channels), float32."""
    y = torch.empty_like(u)
    _forward[_grid(u)](u, delta, A, B, C, D, y, *_sizes(u, A), num_warps=WARPS)
    return y


def backward(
    dy: Tensor, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, ...]:
    """Gradients of (u, delta, A, B, C, D), given dy (batch, tokens, channels)."""
    (prompts, parts), batch = _grid(u), u.shape[-3]
    states = u.new_empty(prompts, u.shape[-2], *A.shape[-2:])
    du, ddelta = torch.empty_like(u), torch.empty_like(delta)
    dB, dC = u.new_empty(parts, *B.shape), u.new_empty(parts, *C.shape)  # to be summed over channels
    dA = u.new_empty(*A.shape[:-2], batch, *A.shape[-2:])  # to be summed over prompts
    dD = u.new_empty(*D.shape[:-1], batch, D.shape[-1])
    gradients = (du, ddelta, dA, dB, dC, dD)
    _backward[prompts, parts](
        dy, u, delta, A, B, C, D, states, *gradients, dB[0].numel(), *_sizes(u, A), num_warps=WARPS
    )
    return du, ddelta, dA.sum(-3), dB.sum(0), dC.sum(0), dD.sum(-2)


def _grid(u: Tensor) -> tuple[int, int]:
    """Prompts of all models, and parts into which their channels are cut."""
    return math.prod(u.shape[:-2]), triton.cdiv(u.shape[-1], CHANNELS)


def _sizes(u: Tensor, A: Tensor) -> tuple[int, ...]:
    """(batch, tokens, channels, state), and the sizes of a program's part of a state."""
    return (*u.shape[-3:], A.shape[-1], CHANNELS, triton.next_power_of_2(A.shape[-1]))


@triton.jit
def _part(A, D, model, c, channels, state, STATE: tl.constexpr) -> Any:
    """Where a program's states lie in a matrix (channels, state), which are there, and its A and D."""
    n = tl.arange(0, STATE)
    inside = (c < channels)[:, None] & (n < state)[None, :]
    places = c[:, None] * state + n[None, :]
    a = tl.load(A + model * channels * state + places, mask=inside, other=0.0)
    d = tl.load(D + model * channels + c, mask=c < channels, other=0.0)
    return places, inside, a, d


@triton.jit
def _token(u, delta, B, row, c, channels, n, state) -> Any:
    """What a token, a row of the inputs, says of the channels."""
    u_t = tl.load(u + row * channels + c, mask=c < channels, other=0.0)
    delta_t = tl.load(delta + row * channels + c, mask=c < channels, other=0.0)
    B_t = tl.load(B + row * state + n, mask=n < state, other=0.0)
    return u_t, delta_t, B_t


@triton.jit
def _forward(
    u, delta, A, B, C, D, y, batch, tokens, channels, state, CHANNELS: tl.constexpr, STATE: tl.constexpr
) -> None:
    prompt = tl.program_id(0).to(tl.int64)
    c = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    n = tl.arange(0, STATE)
    _, _, a, d = _part(A, D, prompt // batch, c, channels, state, STATE)
    h = tl.zeros((CHANNELS, STATE), tl.float32)
    for t in range(tokens):
        row = prompt * tokens + t
        u_t, delta_t, B_t = _token(u, delta, B, row, c, channels, n, state)
        C_t = tl.load(C + row * state + n, mask=n < state, other=0.0)
        h = tl.exp(delta_t[:, None] * a) * h + (delta_t * u_t)[:, None] * B_t[None, :]
        y_t = tl.sum(h * C_t[None, :], axis=1) + d * u_t
        tl.store(y + row * channels + c, y_t, mask=c < channels)


@triton.jit
def _backward(
    dy,
    u,
    delta,
    A,
    B,
    C,
    D,
    states,
    du,
    ddelta,
    dA,
    dB,
    dC,
    dD,
    part_size,
    batch,
    tokens,
    channels,
    state,
    CHANNELS: tl.constexpr,
    STATE: tl.constexpr,
) -> None:
    prompt, part = tl.program_id(0).to(tl.int64), tl.program_id(1).to(tl.int64)
    c = part * CHANNELS + tl.arange(0, CHANNELS)
    n = tl.arange(0, STATE)
    places, inside, a, d = _part(A, D, prompt // batch, c, channels, state, STATE)
    size = channels * state
    h = tl.zeros((CHANNELS, STATE), tl.float32)
    for t in range(tokens):
        row = prompt * tokens + t
        tl.store(states + row * size + places, h, mask=inside)
        u_t, delta_t, B_t = _token(u, delta, B, row, c, channels, n, state)
        h = tl.exp(delta_t[:, None] * a) * h + (delta_t * u_t)[:, None] * B_t[None, :]
    tl.debug_barrier()  # states may be read by other threads of the program than wrote them
    g = tl.zeros((CHANNELS, STATE), tl.float32)  # the gradient that reaches h_t
    da = tl.zeros((CHANNELS, STATE), tl.float32)
    dd = tl.zeros((CHANNELS,), tl.float32)
    for back in range(tokens):
        row = prompt * tokens + tokens - 1 - back
        u_t, delta_t, B_t = _token(u, delta, B, row, c, channels, n, state)
        C_t = tl.load(C + row * state + n, mask=n < state, other=0.0)
        dy_t = tl.load(dy + row * channels + c, mask=c < channels, other=0.0)
        before = tl.load(states + row * size + places, mask=inside, other=0.0)
        decay = tl.exp(delta_t[:, None] * a)
        dx = (delta_t * u_t)[:, None]
        g += dy_t[:, None] * C_t[None, :]
        dC_t = tl.sum(dy_t[:, None] * (decay * before + dx * B_t[None, :]), axis=0)
        dB_t = tl.sum(dx * g, axis=0)
        along_B = tl.sum(g * B_t[None, :], axis=1)
        g *= decay
        through = g * before
        ddelta_t = tl.sum(through * a, axis=1) + along_B * u_t
        da += through * delta_t[:, None]
        dd += dy_t * u_t
        tl.store(dC + part * part_size + row * state + n, dC_t, mask=n < state)
        tl.store(dB + part * part_size + row * state + n, dB_t, mask=n < state)
        tl.store(ddelta + row * channels + c, ddelta_t, mask=c < channels)
        tl.store(du + row * channels + c, dy_t * d + along_B * delta_t, mask=c < channels)
    tl.store(dA + prompt * size + places, da, mask=inside)
    tl.store(dD + prompt * channels + c, dd, mask=c < channels)
