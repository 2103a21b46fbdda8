"""Learn the letters of the King James Bible; print bits per letter by minutes."""

import argparse
import time

import numpy as np
import torch
from _data import load
from _timing import environment, print_table

from sklstm import LSTMLanguageModel

# Bits per letter, the end of each verse included, of other programs on the same verses.
OTHERS = {
    "modified Kneser-Ney, 6 letters": 1.581,
    "modified Kneser-Ney, 7 letters": 1.523,
    "modified Kneser-Ney, 8 letters": 1.495,
    "PPMd, order 8, which learns on": 1.482,
    "PPMd, order 12, which learns on": 1.452,
    "nn.LSTM of 320 units, 5.4 minutes": 1.524,
}
SETTINGS = {
    "hidden_layer_sizes": (768,),
    "batch_size": 64,
    "learning_rate_init": 0.005,
    "max_iter": 20,
    "validation_fraction": 0.05,
}


def to_bits(nats):
    """Convert nats to bits."""
    return np.asarray(nats) / np.log(2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="folder with load.py and data")
    parser.add_argument("--precision", default="highest", help="of matrix products")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision(arguments.precision)
    print(environment(1))
    data = load(arguments.data, "kjv")
    start = time.process_time()
    model = LSTMLanguageModel(**SETTINGS, random_state=0).fit(data["X_train"])
    minutes = (time.process_time() - start) / 60
    rows = [
        {
            "minutes": f"{minutes * (epoch + 1) / model.n_iter_:.1f}",
            "bits on verses held out": f"{to_bits(loss):.3f}",
        }
        for epoch, loss in enumerate(model.validation_loss_curve_)
    ]
    print_table(f"Bits per letter after each epoch, {SETTINGS}", rows)
    bits = -to_bits(model.score(data["X_test"]))
    results = {f"LSTMLanguageModel, {minutes:.1f} minutes": bits, **OTHERS}
    rows = [{"model": name, "bits": f"{x:.3f}"} for name, x in results.items()]
    print_table("Bits per letter of the test", rows)
    for sample in model.sample(3, temperature=0.7, random_state=0):
        print(sample)
