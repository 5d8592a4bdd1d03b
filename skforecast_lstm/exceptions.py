"""The warnings and errors of this package."""


class UnknownStepsWarning(UserWarning):
    """A network that does not mask unknown steps was asked about such a row."""


class LostDigitsWarning(UserWarning):
    """Numbers differ by less than the precision of the device can tell."""


class OtherVersionWarning(UserWarning):
    """Another version of this package wrote a file with an estimator."""


class SavedFileError(ValueError):
    """A file does not hold an estimator as `persistence.save` writes it."""
