"""Made-up time series of many kinds, from which a network learns to forecast."""
