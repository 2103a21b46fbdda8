"""Probabilities of texts and of next symbols, and samples of new texts."""

import torch
from torch.nn.functional import log_softmax

from sklstm._language.texts import kept_state, pieces
from sklstm._language.training import N_STEPS
from sklstm._nn.input_layers import UNKNOWN
from sklstm._nn.sequence_layer import repeat_states, select_states

# Numbers that the widest layer may have at once.
BLOCK_NUMBERS = 2**22


@torch.inference_mode()
def log_probabilities(network, texts):
    """Return the log probability of each text, its end included, (n_texts,)."""
    total = torch.zeros(len(texts.lengths), dtype=torch.float64)
    for rows, piece, outputs in _read(network, texts):
        logs = log_softmax(outputs.double(), 2).gather(2, piece.targets[:, :, None])
        total[rows] += (logs[:, :, 0] * (piece.weights > 0)).sum(1).cpu()
    return total.numpy()


@torch.inference_mode()
def last_probabilities(network, texts):
    """Return the probabilities at the end of each text, (n_texts, n_codes)."""
    results = torch.empty(len(texts.lengths), len(network.embedding.vectors))
    for rows, piece, outputs in _read(network, texts):
        n_steps = (piece.weights > 0).sum(1)
        # The last piece of a text overwrites the others.
        last = outputs[torch.arange(len(rows)), n_steps - 1]
        results[rows] = last.double().softmax(1).to(results)
    return results.double().numpy()


def _read(network, texts):
    """Yield the rows and outputs of each piece, without dropout or gradients."""
    network.eval()
    texts = texts.to(network.device)
    order = texts.lengths.argsort(descending=True, stable=True)
    n_rows = max(1, BLOCK_NUMBERS // (N_STEPS * network.widest))
    for rows in order.split(n_rows):
        state = network.first_state(len(rows))
        for piece in pieces(texts, rows, N_STEPS):
            state = kept_state(state, len(piece.targets))
            outputs, state = network(piece.inputs, state)
            yield rows[: len(piece.targets)].cpu(), piece, outputs


@torch.inference_mode()
def sample_codes(network, prompt, end, n_samples, choose, n_symbols):
    """Sample texts that start with a prompt.

    Parameters
    ----------
    network : LanguageNetwork
        Network to sample from.
    prompt : torch.Tensor of int64 of shape (n_prompt,)
        Codes of the first symbols.
    end : int
        Code of the end.
    n_samples : int
        Number of texts.
    choose : callable
        Function that chooses codes by the outputs of the network, (n, n_codes) -> (n,).
    n_symbols : int
        Largest number of symbols after the prompt.

    Returns
    -------
    samples : list of list of int
        Codes of each text after the prompt, without the end.
    """
    network.eval()
    start = torch.cat([prompt.new_tensor([end]), prompt])[None]
    state = network.first_state(1)
    for part in start.split(N_STEPS, dim=1):
        hidden, state = network.hidden(part, state)
    outputs = network.outputs(hidden[:, -1]).expand(n_samples, -1)
    state = repeat_states(state, n_samples)
    samples = [[] for _ in range(n_samples)]
    active = torch.arange(n_samples, device=prompt.device)
    for _ in range(n_symbols):
        codes = choose(outputs)
        goes_on = codes != end
        active, codes = active[goes_on], codes[goes_on]
        for number, code in zip(active.tolist(), codes.tolist(), strict=True):
            samples[number].append(code)
        if not len(active):
            break
        state = select_states(state, goes_on)
        outputs, state = network(codes[:, None], state)
        outputs = outputs[:, 0]
    return samples


def chooser(temperature, top_k, top_p, generator):
    """Return a function that chooses one symbol per row at random.

    Parameters
    ----------
    temperature : float
        The logarithms of the probabilities are divided by this number. With 0, the most
        probable symbol is chosen.
    top_k : int or None
        Number of most probable symbols to choose from. None for all.
    top_p : float or None
        Choose from the most probable symbols whose probabilities sum to this number.
    generator : torch.Generator
        Source of the random numbers.

    Returns
    -------
    choose : callable
        Function for :func:`sample_codes`. It never chooses the unknown symbol.
    """

    def choose(outputs):
        outputs = outputs.double().index_fill(
            1, torch.tensor([UNKNOWN], device=outputs.device), -torch.inf
        )
        if temperature == 0:
            return outputs.argmax(1)
        probabilities = (outputs / temperature).softmax(1)
        if top_k is not None or top_p is not None:
            probabilities = _most_probable(probabilities, top_k, top_p)
        return probabilities.multinomial(1, generator=generator)[:, 0]

    return choose


def _most_probable(probabilities, top_k, top_p):
    """Set the probabilities of all but the most probable symbols to zero."""
    ordered, order = probabilities.sort(dim=1, descending=True, stable=True)
    is_kept = torch.ones_like(ordered, dtype=torch.bool)
    if top_k is not None:
        is_kept[:, top_k:] = False
    if top_p is not None:
        # The most probable symbol is always kept.
        is_kept &= ordered.cumsum(1) - ordered < top_p
    return torch.zeros_like(probabilities).scatter(1, order, ordered * is_kept)
