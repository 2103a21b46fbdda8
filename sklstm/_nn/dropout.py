"""Dropout of states and of symbols during training, with the rates of a module."""

from sklstm._nn.input_layers import UNKNOWN
from sklstm._nn.runtime import dropout_mask


def drop_states(module, states, generator):
    """Apply dropout with the rate of a module to states, during training."""
    if not (module.training and module.dropout):
        return states
    return states * dropout_mask(states.shape, module.dropout, states, generator)


def drop_codes(module, codes, generator):
    """Replace some of the codes by that of the unknown symbol, during training."""
    if not (module.training and module.embedding_dropout):
        return codes
    options = module.embedding_dropout, module.embedding.vectors, generator
    return codes.where(dropout_mask(codes.shape, *options) > 0, UNKNOWN)
