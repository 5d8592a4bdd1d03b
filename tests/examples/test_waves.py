"""Three waves by small LSTMs."""

import keras
import numpy as np
import pytest


@pytest.mark.slow
def test_waves(load, tmp_path, capsys):
    waves = load("waves")
    table = waves.main(["--plots", str(tmp_path)])
    assert table.loc["sine", "LSTM"] < 1e-9
    assert table.loc["sine and cosine", "LSTM"] < 1e-7
    assert table.loc["x·sin(x)", "LSTM"] < 1e-5
    np.testing.assert_allclose(
        table["last value"], [5.0e-5, 5.0e-5, 0.45], rtol=0.05, atol=0
    )
    assert "lower error than the last value on 3 of 3" in capsys.readouterr().out
    for picture in ("sine.png", "sine-and-cosine.png", "xsin(x).png"):
        assert (tmp_path / picture).stat().st_size > 10_000

    # What was kept as the best is the network whose forecasts were scored.
    series, _, lookback, _ = waves.WAVES["x·sin(x)"]
    windows = waves.LookbackWindower(lookback, horizon=1).fit_transform(series)[-1000:]
    best = keras.saving.load_model(tmp_path / "xsin(x).keras")
    forecasts = best.predict(windows.astype("float32"), verbose=0)
    error = np.mean((forecasts - series[-1000:]) ** 2)
    np.testing.assert_allclose(error, table.loc["x·sin(x)", "LSTM"], rtol=0.05)
