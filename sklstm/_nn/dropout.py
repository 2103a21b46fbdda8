"""Dropout of states and of symbols during training."""

from sklstm._nn.input_layers import UNKNOWN
from sklstm._nn.runtime import dropout_mask


def drop_states(module, states, rate, generator):
    """Apply dropout to states of a module, during training."""
    if not (module.training and rate):
        return states
    return states * dropout_mask(states.shape, rate, states, generator)


def drop_codes(module, codes, generator):
    """Replace some of the codes by that of the unknown symbol, during training."""
    if not (module.training and module.embedding_dropout):
        return codes
    options = module.embedding_dropout, module.embedding.vectors, generator
    return codes.where(dropout_mask(codes.shape, *options) > 0, UNKNOWN)
