"""scikit-learn's own suite for the two estimators."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skforecast_lstm import LSTMClassifier, LSTMRegressor

# scikit-learn expects the same of its own MLPRegressor and MLPClassifier.
EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "wants equality to 1e-7, and rows repeated fall into other batches than rows "
        "weighted; tests/test_estimators.py shows it to 1e-4 in one full batch"
    )
}


@parametrize_with_checks(
    [LSTMRegressor(units=8), LSTMClassifier(units=8)],
    expected_failed_checks=lambda estimator: EXPECTED,
)
def test_scikit_learn(estimator, check):
    check(estimator)
