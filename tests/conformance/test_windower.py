"""scikit-learn's own suite on LookbackWindower.

``check_array_api_input`` needs ``SCIPY_ARRAY_API=1`` before scipy is imported.
"""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skforecast_lstm import LookbackWindower

ROWS_STAND_ALONE = {
    "check_methods_sample_order_invariance": (
        "a window holds the rows before its own, so their order is what it tells"
    ),
    "check_methods_subset_invariance": (
        "rows given alone have no rows before them, and their windows say so"
    ),
}


def expected_failed_checks(windower):
    """Checks that ask each row to stand alone, failed by windows that reach back."""
    reaches_back = windower.lookback > 1 or windower.horizon > 0
    return ROWS_STAND_ALONE if reaches_back else {}


@parametrize_with_checks(
    [
        LookbackWindower(),
        LookbackWindower(3, horizon=1, layout="flat"),
        LookbackWindower(1),
        LookbackWindower(1, layout="flat"),
    ],
    expected_failed_checks=expected_failed_checks,
)
def test_windower_is_a_scikit_learn_transformer(estimator, check):
    check(estimator)
