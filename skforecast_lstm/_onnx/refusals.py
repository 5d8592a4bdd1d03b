"""Error for what ONNX can't hold."""

__all__ = ["refusal"]


def refusal(what: str, why: str, remedy: str = "") -> TypeError:
    """Return the error that names a part that can't be exported, and says what to do."""
    remedy = remedy or (
        "Leave it out, or save the estimator with skforecast_lstm.persistence.save"
    )
    return TypeError(f"{what} can't be exported to ONNX: {why}. {remedy}.")
