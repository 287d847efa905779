"""Every planted fault: ``FAULTS``, a list of entries with id, clause, says and adapter."""

from __future__ import annotations

# Importing a module registers what is in it.
from . import (
    activation_gradients,
    activation_inputs,
    activation_points,
    activations,
    agreement,
    batch_norm,
    batch_norm_corners,
    batch_norm_inference,
    batch_norm_relations,
    batch_norm_sequence,
    derivatives,
    dropout,
    dropout_exact,
    dropout_masks,
    layer_norm,
    layer_norm_edges,
    layer_norm_symmetries,
    low_precision,
    many,
    neuron,
    neuron_bias,
    sixteen_bits,
    together,
)
from .registry import FAULTS, Fault

__all__ = [
    "FAULTS",
    "Fault",
    "activation_gradients",
    "activation_inputs",
    "activation_points",
    "activations",
    "agreement",
    "batch_norm",
    "batch_norm_corners",
    "batch_norm_inference",
    "batch_norm_relations",
    "batch_norm_sequence",
    "derivatives",
    "dropout",
    "dropout_exact",
    "dropout_masks",
    "layer_norm",
    "layer_norm_edges",
    "layer_norm_symmetries",
    "low_precision",
    "many",
    "neuron",
    "neuron_bias",
    "sixteen_bits",
    "together",
]
