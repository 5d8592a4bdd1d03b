"""Warnings and errors of this package."""


class UnknownStepsWarning(UserWarning):
    """Warning that unknown steps or targets affect the result.

    A window has no known step, many windows cover a gap, a prediction is not finite
    because of unknown steps, or gaps leave out most of the rows to train on.
    """


class IrregularTimesWarning(UserWarning):
    """Warning that times have no regular step, so gaps between rows cannot be found."""


class LostDigitsWarning(UserWarning):
    """Warning that values differ by less than the precision of the device."""


class UnscaledWarning(UserWarning):
    """Warning that values are so small or large that a network learns little."""


class UnknownCategoryWarning(UserWarning):
    """Warning that windows have categories that were not there in fit."""


class InexactAttributionsWarning(UserWarning):
    """Warning that the parts of a forecast do not sum to what they explain."""


class OtherVersionWarning(UserWarning):
    """Warning that another version of this package saved or fitted the estimator."""


class SavedFileError(ValueError):
    """Error that a file has no readable estimator of `persistence.save`."""
