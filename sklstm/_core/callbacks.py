"""What an epoch tells the outside: a line on the screen, scikit-learn's callbacks."""

from types import MappingProxyType


class FitWatcher:
    """Follows a fit, epoch by epoch where it has any.

    Parameters
    ----------
    estimator : estimator
        What is being fitted; with scikit-learn 1.9 it may have callbacks set.
    data : dict
        `X`, `y` and `metadata` for the callbacks, as the user passed them.
    fitted : dict, default={}
        Attributes that, at the end of every epoch, make a copy of the estimator ready
        to predict.
    max_iter : int, default=0
        Epochs at most.
    """

    def __init__(self, estimator, data, fitted=MappingProxyType({}), max_iter=0):
        self._estimator = estimator
        self._data = data
        self._fitted = fitted
        self._fit = self._epoch = None
        if getattr(estimator, "_skl_callbacks", None):
            self._fit = estimator._init_callback_context(max_subtasks=max_iter)
            self._fit.call_on_fit_task_begin(estimator=estimator, **data)

    def begin_epoch(self):
        """Tell the callbacks that an epoch begins."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext(task_name="epoch")
            self._epoch.call_on_fit_task_begin(estimator=self._estimator, **self._data)

    def end_epoch(self, history):
        """Tell of the epoch that has just ended; true if a callback asks to stop."""
        if self._estimator.verbose:
            print(_describe(history))
        if self._epoch is None:
            return False
        return self._tell_end(self._epoch)

    def end_fit(self):
        """Tell the callbacks that the fit has ended."""
        if self._fit is not None:
            self._tell_end(self._fit)

    def _tell_end(self, context):
        """Tell the callbacks that a task has ended; true if one asks to stop."""
        return context.call_on_fit_task_end(
            estimator=self._estimator,
            reconstruction_attributes=lambda: self._fitted,
            **self._data,
        )


def _describe(history):
    """One line on the last epoch."""
    line = f"Iteration {len(history.loss_curve)}, loss = {history.loss_curve[-1]:.8f}"
    if history.validation_loss_curve:
        line += f", validation loss = {history.validation_loss_curve[-1]:.8f}"
    return line
