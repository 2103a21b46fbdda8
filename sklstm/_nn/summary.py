"""Layers of a network, with the shapes of their outputs and their numbers of weights.

Each kind of network registers a function that lists its layers. Other networks, and
other layers, are listed by the names of their classes.
"""

from functools import singledispatch
from typing import NamedTuple

from torch import nn

from sklstm._nn.autoencoder import AutoencoderNetwork
from sklstm._nn.language import LanguageNetwork
from sklstm._nn.layers import Attention, Combined, Every, Last, Max, Mean
from sklstm._nn.mixture import BacktestMixture, MixtureNetwork
from sklstm._nn.network import RecurrentNetwork
from sklstm._nn.translator import TranslationNetwork

CELL_LABELS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN", "transformer": "Transformer"}
POOLING_LABELS = {Last: "last state", Mean: "mean", Max: "max", Attention: "attention"}
# Lengths that differ between windows.
STEPS, SYMBOLS = "n_timesteps", "n_symbols"


class Layer(NamedTuple):
    """One layer of a network."""

    name: str
    shape: tuple[int | str, ...]  # of the output for one window; () if not known
    n_weights: int


def count_weights(*modules):
    """Return the number of weights of modules, some of which may be None."""
    parts = [module for module in modules if module is not None]
    return sum(weight.numel() for part in parts for weight in part.parameters())


@singledispatch
def layers_of(network: nn.Module):
    """Yield the layers of a network, from its input to its output."""
    for name, part in network.named_children():
        yield Layer(f"{name}: {type(part).__name__}", (), count_weights(part))
    n_own = sum(weight.numel() for weight in network.parameters(recurse=False))
    if n_own:
        yield Layer(type(network).__name__, (), n_own)


@layers_of.register
def _(network: RecurrentNetwork):
    inputs, steps = network.input_layers, (STEPS,)
    first = inputs.convolutions[0].filters[0].kernel if inputs.convolutions else None
    width = inputs.width if first is None else first.shape[1]
    has_codes = inputs.embedding is not None
    yield Layer("input", steps if has_codes else (*steps, width), 0)
    if has_codes:
        yield Layer("embedding", (*steps, width), count_weights(inputs.embedding))
    n_pooled = 1
    for convolution in inputs.convolutions:
        n_pooled *= convolution.pool_size
        steps = (STEPS if n_pooled == 1 else f"{STEPS} / {n_pooled}",)
        shape = *steps, convolution.width
        yield Layer("convolution", shape, count_weights(convolution))
    for parts in network.layers:
        yield _sequence_layer(parts, steps)
    yield from _outputs_of(network, steps)


def _outputs_of(network, steps):
    """Yield the layers of a recurrent network behind the recurrent ones."""
    width = network.layers.width
    if not isinstance(network.pooling, Every):
        steps = ()
        shape = (network.pooling.n_vectors * width,)
        yield Layer(_label(network.pooling), shape, count_weights(network.pooling))
    if network.conv_pooling is not None:
        # It is beside the recurrent layers, and the head reads both.
        shape = (network.width - network.pooling.n_vectors * width,)
        name = f"{_label(network.conv_pooling)} of the inputs"
        yield Layer(name, shape, count_weights(network.conv_pooling))
    yield _linear(network.head, steps)
    if network.transitions is not None:
        shape = *steps, len(network.head.weight)
        yield Layer("transitions", shape, count_weights(network.transitions))


@layers_of.register
def _(network: AutoencoderNetwork):
    yield from _of_part("encoder", network.encoder)
    yield from _of_part("decoder", network.decoder)


@layers_of.register
def _(network: LanguageNetwork):
    steps = (SYMBOLS,)
    n_codes, size = network.embedding.vectors.shape
    yield Layer("input", steps, 0)
    yield Layer("embedding", (*steps, size), count_weights(network.embedding))
    for layer in network.layers:
        yield _sequence_layer([layer], steps)
    if network.reduce is not None:
        yield _linear(network.reduce, steps)
    if network.head is not None:
        yield _linear(network.head, steps)
    else:
        name = "linear, with the vectors of the embedding"
        yield Layer(name, (*steps, n_codes), network.bias.numel())


@layers_of.register
def _(network: TranslationNetwork):
    encoder, decoder = network.encoder, network.decoder
    n_features = network.architecture["n_features"]
    steps = (STEPS,)
    yield Layer("input", steps if n_features is None else (*steps, n_features), 0)
    if encoder.embedding is not None:
        yield _embedding("encoder: embedding", encoder.embedding, steps)
    for parts in encoder.layers:
        yield _sequence_layer(parts, steps, "encoder: ")
    yield _embedding("decoder: embedding", decoder.embedding, (SYMBOLS,))
    yield _linear(decoder.start, (), "decoder: start from the last state")
    for layer in decoder.layers:
        yield _sequence_layer([layer], (SYMBOLS,), "decoder: ")
    shape = SYMBOLS, encoder.layers.width
    yield Layer("attention", shape, count_weights(decoder.attention))
    yield _linear(decoder.combine, (SYMBOLS,), "decoder: linear")
    yield _linear(decoder.head, (SYMBOLS,))


@layers_of.register
def _(network: BacktestMixture):
    yield Layer("weights by the errors", (), network.prior.numel())
    yield _linear(network.head, ())


@layers_of.register
def _(network: MixtureNetwork):
    yield from _of_part("encoder", network.encoder)
    yield _linear(network.reduce, (), "summary: linear")
    yield _linear(network.describe, (), "summary: linear")
    yield from _of_part("decoder", network.decoder)
    yield Layer("weights by the errors", (), network.prior.numel())


def _of_part(name, network):
    """Yield the layers of a part of a network, with the name of the part."""
    for layer in layers_of(network):
        yield layer._replace(name=f"{name}: {layer.name}")


def _embedding(name, embedding, steps):
    """Return an embedding as a layer."""
    shape = *steps, embedding.vectors.shape[1]
    return Layer(name, shape, count_weights(embedding))


def _sequence_layer(parts, steps, prefix=""):
    """Return the layer of one direction or of both."""
    cell = parts[0].cell
    direction = "bidirectional " if len(parts) > 1 else ""
    name = f"{prefix}{direction}{CELL_LABELS.get(cell, cell)}"
    shape = *steps, sum(part.size for part in parts)
    return Layer(name, shape, count_weights(*parts))


def _linear(linear, steps, name="linear"):
    """Return a linear map as a layer."""
    return Layer(name, (*steps, len(linear.weight)), count_weights(linear))


def _label(pooling):
    """Return the name of a pooling."""
    poolings = pooling.poolings if isinstance(pooling, Combined) else [pooling]
    return ", ".join(POOLING_LABELS[type(each)] for each in poolings)
