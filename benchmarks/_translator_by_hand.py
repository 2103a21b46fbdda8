"""The translator's network by hand on `torch.nn.LSTM`, as tutorials write it."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

PADDING, END = 0, 1  # other symbols have codes from 2 on


class Translator(nn.Module):
    """Bidirectional encoder and decoder with multiplicative attention."""

    def __init__(self, n_sources, n_targets, size, embedding_size, dropout):
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.source_vectors = nn.Embedding(n_sources, embedding_size)
        self.target_vectors = nn.Embedding(n_targets, embedding_size)
        options = {"batch_first": True}
        self.encoder = nn.LSTM(embedding_size, size, bidirectional=True, **options)
        self.decoder = nn.LSTM(embedding_size, size, **options)
        self.start = nn.Linear(2 * size, 2 * size)
        self.keys = nn.Linear(2 * size, size)
        self.combine = nn.Linear(3 * size, size)
        self.head = nn.Linear(size, n_targets)

    def encode(self, sources):
        """Return states, keys, a mask of padding and the first state of the decoder."""
        is_padding = sources == PADDING
        lengths = (~is_padding).sum(1)
        packed = pack_padded_sequence(
            self.drop(self.source_vectors(sources)),
            lengths,
            batch_first=True,
            enforce_sorted=False,
        )
        states, (last, _) = self.encoder(packed)
        states = self.drop(pad_packed_sequence(states, batch_first=True)[0])
        start = torch.tanh(self.start(torch.cat([last[0], last[1]], 1)))
        first = tuple(part.contiguous()[None] for part in start.chunk(2, 1))
        return (states, self.keys(states), is_padding), first

    def decode(self, symbols, state, memory):
        """Return the outputs after each symbol and the state after the last one."""
        states, keys, is_padding = memory
        queries, state = self.decoder(self.drop(self.target_vectors(symbols)), state)
        queries = self.drop(queries)
        scores = torch.bmm(queries, keys.transpose(1, 2))
        scores = scores.masked_fill(is_padding[:, None], -torch.inf)
        contexts = torch.bmm(scores.softmax(2), states)
        combined = torch.tanh(self.combine(torch.cat([queries, contexts], 2)))
        return self.head(self.drop(combined)), state


def train_epoch(network, optimizer, batches):
    """Train on batches of lists of codes once."""
    network.train()
    for sources, targets in batches:
        sources = pad_sequence(sources, batch_first=True)
        ends = [torch.cat([target, torch.tensor([END])]) for target in targets]
        targets = pad_sequence(ends, batch_first=True)
        before = torch.cat([torch.full((len(targets), 1), END), targets[:, :-1]], 1)
        memory, state = network.encode(sources)
        outputs, _ = network.decode(before, state, memory)
        loss = cross_entropy(
            outputs.flatten(0, 1), targets.flatten(), ignore_index=PADDING
        )
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()


@torch.no_grad()
def predict(network, batches, max_length):
    """Return the most probable symbols of each source, chosen one by one."""
    network.eval()
    results = []
    for sources in batches:
        memory, state = network.encode(pad_sequence(sources, batch_first=True))
        codes = torch.full((len(sources), 1), END)
        symbols, has_ended = [], torch.zeros(len(sources), dtype=torch.bool)
        for _ in range(max_length):
            outputs, state = network.decode(codes, state, memory)
            codes = outputs.argmax(2)
            symbols.append(codes)
            has_ended |= codes[:, 0] == END
            if has_ended.all():
                break
        results.extend(torch.cat(symbols, 1).tolist())
    return results
