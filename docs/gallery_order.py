"""The order of the examples in the gallery."""

# Common jobs on data where the network earns its place come first. Other examples
# follow by name.
FIRST = [
    "plot_forecast_sales.py",
    "plot_forecast_without_training.py",
    "plot_machine_anomalies.py",
    "plot_dna_motif.py",
    "plot_variable_length.py",
    "plot_tags.py",
    "plot_text_classification.py",
    "plot_read_digits.py",
    "plot_translate_dates.py",
    "plot_language_model.py",
]


def place(filename):
    """Return the sort key of an example."""
    return (FIRST.index(filename) if filename in FIRST else len(FIRST), filename)
