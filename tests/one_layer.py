"""Parameters of a network with one recurrent layer, for tests of single effects."""

from sklstm._core.auto import FEW

ONE_LAYER = FEW.values | {"n_iter_no_change": 10}
del ONE_LAYER["hidden_layer_sizes"]
