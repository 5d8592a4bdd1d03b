"""The warnings and errors of this package."""


class UnknownStepsWarning(UserWarning):
    """A forecast was asked for where nothing is known, or what is unknown counts.

    Or most of the rows to train on were left out for it.
    """


class IrregularTimesWarning(UserWarning):
    """Times go in no steps, so gaps between rows can't be told from what is usual."""


class LostDigitsWarning(UserWarning):
    """Numbers differ by less than the precision of the device can tell."""


class UnscaledWarning(UserWarning):
    """Numbers are so small or so large that a network learns little from them."""


class OtherVersionWarning(UserWarning):
    """Another version of this package wrote a file with an estimator."""


class SavedFileError(ValueError):
    """A file does not hold an estimator as `persistence.save` writes it."""
