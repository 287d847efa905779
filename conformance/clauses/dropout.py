"""Dropout."""

from __future__ import annotations

from adapters.base import BRIEF_DROPOUT
from conformance.clauses.model import Clause

SRIVASTAVA = "Srivastava et al., Dropout, JMLR 15 (2014) 1929-1958"
_DO = frozenset({"dropout"})
#: What is asked of every subject that has dropout, those that are asked in brief too.
_IN_BRIEF = _DO | {BRIEF_DROPOUT}

TABLE = (
    Clause(
        "DO.support",
        _IN_BRIEF,
        "In training, each output is 0 or x/(1-p), nothing else.",
        "y = 0 or y = x / (1 - p), to rounding",
        f"{SRIVASTAVA}, section 10 (inverted dropout)",
        "scale 1/p; no scale; scaled twice",
    ),
    Clause(
        "DO.rate",
        _IN_BRIEF,
        "The number of elements kept is Binomial(N, 1-p).",
        "kept ~ Binomial(N, 1 - p), exact two-sided test",
        f"{SRIVASTAVA}, section 4",
        "p and 1-p swapped; a rate rounded to a few bits",
        statistical=True,
    ),
    Clause(
        "DO.expectation",
        _DO,
        "The mean of the output is the input and the mean of its square x^2/(1-p); so for the gradient.",
        "E[y] = x, Var[y] = x^2 p / (1 - p): for equal x, sum(y)(1 - p)/x and sum(y^2)(1 - p)^2/x^2 are the number "
        "kept, k of Binomial(N, 1 - p), and var(y)(1 - p)^2/x^2 is k/N (1 - k/N)",
        f"{SRIVASTAVA}, section 10 (inverted dropout)",
        "scale 1/p; no scale; scaled twice; scaled by 1 - p; noise of the right mean and the wrong variance",
        statistical=True,
    ),
    Clause(
        "DO.independent",
        _DO,
        "No element's mask tells of another's: neighbours, rows, channels, samples, halves, positions, lanes of vmap, "
        "successive calls, and two layers of one model (where the dialect says that one seed gives both the same mask, "
        "it does).",
        "of n disjoint pairs Binomial(n, 2p(1 - p)) differ; each position is kept Binomial(k, 1 - p) times in k calls, "
        "and chi-square of these counts is within Chernoff's bounds",
        f"{SRIVASTAVA}, section 4: independent Bernoulli variables",
        "a mask shared across batch, channels, lanes, layers or calls; correlated rows; a last element that is never "
        "dropped; a vector's tail that repeats its head; positions that are favoured by little",
        statistical=True,
    ),
    Clause(
        "DO.shared",
        _DO,
        "Where an api drops whole slices, or lets lanes of vmap draw together, the mask is one along exactly the "
        "stated axes, and its decisions are as many independent ones as there are slices.",
        "y = x mask / (1 - p), mask of size 1 along the shared axes; slices kept ~ Binomial(slices, 1 - p)",
        "Tompson et al., Efficient Object Localization Using Convolutional Networks, CVPR 2015, section 3.2 "
        "(SpatialDropout); the framework's documentation of noise_shape and broadcast_dims",
        "a mask that is not shared, or shared along another axis; one that is shared across the batch too",
        statistical=True,
    ),
    Clause(
        "DO.grad",
        _IN_BRIEF,
        "The gradient passes through the forward pass's own mask and scale.",
        "dx = dy mask / (1 - p)",
        f"{SRIVASTAVA}, section 5.1",
        "a fresh mask in the backward pass; an unscaled gradient",
    ),
    Clause(
        "DO.recomputed",
        _IN_BRIEF,
        "A forward pass that is run again for the gradient (checkpointing, rematerialization) drops what it dropped "
        "the first time.",
        "dx = dy mask / (1 - p), with the mask of y",
        "Chen et al., Training Deep Nets with Sublinear Memory Cost, arXiv:1604.06174, section 3: the gradient is that "
        "of the same function; the framework's documentation of its checkpoints",
        "a recomputation that draws from where the generator stands by then",
    ),
    Clause(
        "DO.neuron",
        frozenset({"stack"}),
        "The weights and the bias of a neuron that is dropped in every sample have a gradient of 0 exactly, and so "
        "have the weights that lead from it; those of any other neuron have one.",
        "z = W x + b, y = V drop(z): dW[i] = 0, db[i] = 0 and dV[:, i] = 0 where i is dropped in every sample",
        f"{SRIVASTAVA}, section 5.1",
        "a backward pass with another mask; a dropped neuron that keeps a little of its gradient",
    ),
    Clause(
        "DO.eval",
        _DO,
        "Inference is the identity, to the bit, and so is its gradient.",
        "y = x, dx = dy",
        f"{SRIVASTAVA}, section 10 (inverted dropout)",
        "scaling or dropping in inference",
    ),
    Clause(
        "DO.zero",
        _DO,
        "Rate 0 is the identity in training, to the bit, and so is its gradient.",
        "p = 0: y = x, dx = dy",
        f"{SRIVASTAVA}, section 4",
        "a comparison that drops at rate 0",
    ),
    Clause(
        "DO.one",
        _DO,
        "Rate 1 gives zeros and zero gradients, or is refused with an error; never NaN.",
        "p = 1: y = 0, dx = 0",
        f"{SRIVASTAVA}, section 4; the framework's documentation",
        "0/0 in the scale",
    ),
    Clause(
        "DO.seed",
        _IN_BRIEF,
        "The same seed gives the same mask, another seed or the next call another one, be it a layer's own seed or the "
        "global one; the mask does not depend on the values.",
        "mask = f(seed, call, shape, p)",
        f"{SRIVASTAVA}, section 4; the framework's documentation of its seeds",
        "a seed that is ignored or cut short; a stream that does not go on; a mask taken from the input",
    ),
    Clause(
        "DO.calls",
        _DO,
        "The calls after a seed go on in its stream: none repeats the mask of an earlier one.",
        "mask_k != mask_j for j < k <= 17 (3 where a further call is compiled anew)",
        f"{SRIVASTAVA}, section 4: a mask for each training case; the framework's documentation of its seeds",
        "a stream that does not go on, or repeats after some calls",
    ),
    Clause(
        "DO.process",
        _DO,
        "The same seed gives the same mask in another process.",
        "mask = f(seed, call, shape, p), of nothing else that a process has",
        "the framework's documentation of its seeds: they are there to reproduce a run",
        "a seed that is salted, by a hash, an address or the time",
        dtypes=("float32",),
    ),
    Clause(
        "DO.modes",
        _IN_BRIEF,
        "The same seed gives the same mask compiled as eagerly, in every mode that promises it; in one that has masks "
        "of its own it gives another.",
        "mask(mode) = mask(eager), or not as the dialect says",
        "the framework's documentation: jax.random is a function of its key, whatever is compiled; "
        "torch._inductor.config.fallback_random; https://www.tensorflow.org/xla/known_issues",
        "a compiler that draws in another order than it was written",
        against="eager",
    ),
    Clause(
        "DO.special",
        _DO,
        "A NaN or an infinity that is dropped gives 0 or NaN as the dialect says, the same for every element; one that "
        "is kept stays.",
        "x = NaN, +inf, -inf: y = x where kept; 0 (selected) or NaN (multiplied by 0) where dropped; so for dx of dy",
        f"{SRIVASTAVA}, section 4; IEEE 754-2019, section 7.2 (0 times infinity)",
        "a vectorized body that selects beside a tail that multiplies; a NaN that is lost",
    ),
    Clause(
        "DO.shape",
        _DO,
        "Output and gradient have the shape and the dtype of the input, and the input itself is left alone.",
        "shape(y) = shape(dx) = shape(x), dtype likewise; x after = x before, to the bit",
        f"{SRIVASTAVA}, section 4",
        "an output in another dtype; a layer that drops in place; an empty input that is refused",
    ),
    Clause(
        "DO.alpha",
        frozenset({"alpha_dropout"}),
        "Alpha dropout puts what it drops to SELU's lower limit and keeps mean 0 and variance 1, its gradient has the "
        "same mask and scale, and in inference it is the identity, to the bit.",
        "q = 1 - p, l = -lambda alpha, a = (q + l^2 q p)^(-1/2), b = -a p l: y = a x + b where kept, a l + b where "
        "dropped; dx = a dy mask; kept ~ Binomial(N, q)",
        "Klambauer et al., Self-Normalizing Neural Networks, NIPS 2017, section 3",
        "a scale or a shift of p for q; dropped to 0; no shift; an unscaled gradient",
        statistical=True,
    ),
    Clause(
        "DO.gaussian",
        frozenset({"gaussian_dropout"}),
        "Gaussian dropout multiplies by independent normal noise of mean 1 and variance p/(1-p); its gradient by the "
        "same noise, and in inference it is the identity, to the bit.",
        "z = (y/x - 1) / sqrt(p/(1 - p)): of N elements Binomial(N, Phi(c)) have z < c, and of n disjoint pairs "
        "Binomial(n, 2 Phi(c) Phi(-c)) lie on different sides of c; dx/dy = y/x (in 16 bits c lies halfway between two "
        "numbers, so that rounding takes nothing across it)",
        f"{SRIVASTAVA}, section 10 (multiplicative Gaussian noise)",
        "a deviation of sqrt(p) or p/(1-p); noise that is not normal, or shared; a gradient with fresh noise",
        statistical=True,
    ),
    Clause(
        "DO.attention",
        frozenset({"attention_dropout"}),
        "Attention drops each weight for itself, after the softmax, scales what it keeps by 1/(1-p), and its gradient "
        "has the same mask; another seed draws another one; in inference it drops none.",
        "y = W v, W = mask softmax(q k^T / sqrt(d)) / (1 - p), kept ~ Binomial(N, 1 - p); dv = W^T dy",
        "Vaswani et al., Attention Is All You Need, NIPS 2017, section 5.4",
        "weights that are dropped before the softmax; one mask for the batch, all queries or all seeds; no scale",
        statistical=True,
    ),
    Clause(
        "DO.bad-input",
        _DO,
        "A rate below 0, above 1 or NaN is refused with an error, in training and in inference, and in training a "
        "shape of the mask that does not fit x, and lanes of vmap of which an api lets nobody say how they draw.",
        "p < 0, p > 1 or p != p: an error; a mask that cannot be spread over x, or that x would be "
        "spread over: an error",
        f"{SRIVASTAVA}, section 4: p is a probability",
        "no check at all; a check written so that NaN passes it; x spread over the mask",
    ),
    Clause(
        "DO.dtype",
        _DO,
        "Input of another dtype than the layer's (whole numbers, truth values, float64) is refused with an error that "
        "says something, or counts as the same numbers.",
        "y(x) = y(float32(x)), to float32, or an error",
        "the framework's documentation of the dtypes that it takes",
        "a scaled whole number that is cut; a scale that is 1 in whole numbers",
        dtypes=("float32",),
    ),
)
