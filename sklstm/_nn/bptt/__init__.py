"""Back-propagation through time, with gradients derived by hand."""
