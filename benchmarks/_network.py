"""Parameters of a network with one recurrent layer, where "auto" would add others."""

ONE_LAYER = {
    "bidirectional": False,
    "pooling": "last",
    "conv_filters": (),
    "dropout": 0.0,
    "learning_rate": "constant",
    "learning_rate_init": 0.01,
}
