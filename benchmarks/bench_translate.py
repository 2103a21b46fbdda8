"""Learn to translate: pronunciations, sums and dates; print errors and minutes.

With ``--speed``, the time of an epoch and of predictions is compared with that of the
same network by hand on `torch.nn.LSTM`.
"""

import argparse
import time

import numpy as np
import torch
from _data import load, load_module
from _timing import compared, environment, interleaved, print_table
from _translator_by_hand import Translator, predict, train_epoch

from sklstm import LSTMTranslator
from sklstm.datasets import make_dates

# Phone and word error of Phonetisaurus on the same words, in percent.
PHONETISAURUS = {"train": "6.63 / 25.93", "train_quarter": "9.74 / 38.23"}
SETTINGS = {"random_state": 0}
# Words to learn from, and the settings of the network, by task.
PRONUNCIATIONS = {
    "g2p": ("train", {}),
    "g2p_large": (
        "train",
        {
            "hidden_layer_sizes": (224, 224),
            "dropout": 0.3,
            "batch_size": 256,
            "learning_rate_init": 0.004,
            "max_iter": 11,
            "validation_fraction": 0.02,
        },
    ),
    "g2p_quarter": ("train_quarter", {}),
}
N_PAIRS, N_EPOCHS, N_WORDS, BATCH_SIZE = 1500, 8, 1000, 64


def pronunciations(folder, part):
    """Return words, their phones, and the words to judge with all pronunciations."""
    data = load(folder, "g2p")
    words = [(word, p.split()) for word, ps in data[part].items() for p in ps]
    return *zip(*words, strict=True), {
        word: data["test"][word] for word in data["judged"]
    }


def learn_pronunciations(folder, name, settings):
    """Return a row with the errors of a model that learns to pronounce words."""
    part, of_task = PRONUNCIATIONS[name]
    words, phones, judged = pronunciations(folder, part)
    model, minutes = timed_fit(words, phones, settings | of_task)
    answers = zip(judged, model.predict(list(judged)), strict=True)
    answers = {word: " ".join(answer) for word, answer in answers}
    errors = load_module(folder).g2p_errors(answers, judged)
    return {
        "task": name,
        "error": "{:.2f} / {:.2f}".format(*errors),
        "others": PHONETISAURUS[part],
        "minutes": f"{minutes:.1f}",
    }


def sums():
    """Return sums of two numbers of three digits, reversed, and their results."""
    numbers = np.random.default_rng(0).choice(10**6, 51_000, replace=False)
    pairs = [divmod(number, 1000) for number in numbers.tolist()]
    return [f"{a}+{b}"[::-1] for a, b in pairs], [str(a + b) for a, b in pairs]


def learn_exactly(name, data, settings):
    """Return a row with the share of wrong targets among the last 1000 pairs."""
    sources, targets = data
    model, minutes = timed_fit(sources[:-1000], targets[:-1000], settings)
    error = 100 * (1 - model.score(sources[-1000:], targets[-1000:]))
    return {
        "task": name,
        "error": f"{error:.2f}",
        "others": "",
        "minutes": f"{minutes:.1f}",
    }


def timed_fit(sources, targets, settings):
    """Return a fitted model and the minutes of processor time that it took."""
    start = time.process_time()
    model = LSTMTranslator(**settings).fit(sources, targets)
    return model, (time.process_time() - start) / 60


def speed(folder, n_rounds):
    """Return rows that compare training and predictions with a network by hand."""
    words, phones, judged = pronunciations(folder, "train_quarter")
    order = np.random.default_rng(0).permutation(len(words))[:N_PAIRS]
    words, phones = [words[i] for i in order], [phones[i] for i in order]
    judged = sorted(judged, key=len)[-N_WORDS:]
    ours = LSTMTranslator(
        (256,),
        dropout=0.4,
        max_iter=N_EPOCHS,
        batch_size=BATCH_SIZE,
        early_stopping=False,
        beam_width=1,
        random_state=0,
    )
    ours.fit(words, phones)
    by_hand = ByHand(ours, words, phones)
    runs = {
        f"{N_EPOCHS} epochs of {N_PAIRS} pairs": (
            lambda: ours.fit(words, phones),
            by_hand.train,
        ),
        f"{N_WORDS} predictions": (
            lambda: ours.predict(judged),
            lambda: by_hand.predict(judged),
        ),
    }
    rows = []
    for name, pair in runs.items():
        names = "ours", "by hand"
        timed = dict(zip(names, map(on_processor, pair), strict=True))
        rows.append({"seconds": name, **compared(interleaved(timed, n_rounds), 1)})
    return rows


class ByHand:
    """Network by hand with the symbols of a fitted model."""

    def __init__(self, model, words, phones):
        self.vocabularies = model.source_vocabulary_, model.target_vocabulary_
        sizes = (len(vocabulary) + 2 for vocabulary in self.vocabularies)
        self.network = Translator(*sizes, 256, 64, model.dropout)
        rate = model.learning_rate_init
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=rate)
        self.sources, self.targets = self._codes(words), self._codes(phones, 1)

    def _codes(self, texts, number=0):
        """Convert sequences of symbols to tensors of codes."""
        known = self.vocabularies[number]
        return [torch.tensor([known.get(s, 0) + 1 for s in text]) for text in texts]

    def train(self):
        """Train for some epochs, on batches of words of similar length."""
        n_pairs = len(self.sources)
        rows = sorted(range(n_pairs), key=lambda row: len(self.sources[row]))
        batches = [rows[i : i + BATCH_SIZE] for i in range(0, n_pairs, BATCH_SIZE)]
        for _ in range(N_EPOCHS):
            for number in torch.randperm(len(batches)).tolist():
                batch = batches[number]
                pairs = (
                    [texts[i] for i in batch] for texts in (self.sources, self.targets)
                )
                train_epoch(self.network, self.optimizer, [pairs])

    def predict(self, words):
        """Predict the phones of words, in blocks of 250."""
        coded = self._codes(words)
        blocks = [coded[i : i + 250] for i in range(0, len(coded), 250)]
        return predict(self.network, blocks, 40)


def on_processor(run):
    """Return a function that returns the processor time of a run."""

    def timed():
        start = time.process_time()
        run()
        return time.process_time() - start

    return timed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    parser.add_argument("--tasks", nargs="*", default=["g2p_quarter", "sums", "dates"])
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print(environment(arguments.threads))
    settings = SETTINGS | {"verbose": arguments.verbose}
    if arguments.speed:
        print_table(
            "Translator and network by hand, processor time",
            speed(arguments.data, arguments.rounds),
        )
        raise SystemExit
    rows = []
    for name in arguments.tasks:
        if name in PRONUNCIATIONS:
            rows.append(learn_pronunciations(arguments.data, name, settings))
        else:
            data = sums() if name == "sums" else make_dates(11_000, random_state=0)
            rows.append(learn_exactly(name, data, settings))
    print_table("Errors in percent (of phones and of words), processor time", rows)
