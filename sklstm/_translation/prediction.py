"""Predictions of a translation network, block by block."""

from contextlib import contextmanager

import torch

from sklstm._nn.beam_search import beam_search
from sklstm._nn.runtime import default_modes, threads_for
from sklstm._translation.pairs import pad_sources

# Numbers that the widest layer may have at once.
BLOCK_NUMBERS = 2**22


def search(network, sources, *, n_beams, **options):
    """Find the most probable targets of all sources.

    Parameters
    ----------
    network : TranslationNetwork
        Network to use.
    sources : Ragged
        Sources.
    n_beams, **options : int, dict
        Other parameters of :func:`~sklstm._nn.beam_search.beam_search`.

    Returns
    -------
    targets : list of list of (list of int, float)
        Codes and log probabilities of the best targets of each source.
    """
    results = [None] * len(sources.lengths)
    longest = max(n_beams, int(sources.lengths.max()))
    with _prediction(network):
        for rows in _blocks(network, sources.lengths, longest):
            padded = pad_sources(sources.select(rows))
            found = beam_search(
                network.decoder, network.encode(*padded), n_beams=n_beams, **options
            )
            for row, targets in zip(rows.tolist(), found, strict=True):
                results[row] = targets
    return results


def attention_weights(network, pairs):
    """Compute the attention weights of pairs of a source and a target.

    Parameters
    ----------
    network : TranslationNetwork
        Network to use.
    pairs : Pairs
        Sources and targets.

    Returns
    -------
    weights : list of ndarray of shape (n_symbols, n_steps)
        For each pair, the weights of the steps of the source for each symbol of the
        target, without its end.
    """
    results = [None] * pairs.n_pairs
    lengths = pairs.sources.lengths, pairs.targets.lengths
    with _prediction(network):
        for rows in _blocks(network, pairs.keys, int(torch.cat(lengths).max())):
            batch = pairs.batch(rows)
            _, weights = network(batch.sources, batch.step_mask, batch.inputs)
            for number, row in enumerate(rows.tolist()):
                of_pair = (int(part[row]) for part in lengths)
                results[row] = _without_padding(weights[number], *of_pair)
    return results


def _without_padding(weights, n_steps, n_symbols):
    """Return the weights of a pair without padding and without the end."""
    first = weights.shape[1] - n_steps
    return weights[: n_symbols - 1, first:].double().cpu().numpy()


@contextmanager
def _prediction(network):
    """Prepare a network for predictions, without dropout and gradients."""
    network.eval()
    n_weights = sum(part.numel() for part in network.parameters())
    with threads_for(n_weights), default_modes(), torch.inference_mode():
        yield


def _blocks(network, keys, longest):
    """Yield the rows of blocks of similar lengths, which fit the memory."""
    n_rows = max(1, BLOCK_NUMBERS // (network.widest * longest))
    yield from keys.argsort(stable=True).split(n_rows)
