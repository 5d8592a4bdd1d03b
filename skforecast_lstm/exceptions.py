"""The warnings of this package."""


class UnknownStepsWarning(UserWarning):
    """A network that does not mask unknown steps was asked about such a row."""
