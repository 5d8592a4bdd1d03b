"""Draw the pictures of the front page and of links to it: `python docs/pictures.py`."""

from pathlib import Path

import matplotlib as mpl
from sktime.datasets import load_airline

from skforecast_lstm import LSTMForecaster

FOLDER = Path(__file__).parent / "_static"


def draw(path, dark, size, dpi, title=None):
    """Draw the passengers, the forecast of a year, and its interval."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    passengers = load_airline()
    forecaster = LSTMForecaster(season_length=12).fit(passengers[:-12])
    steps = range(1, 13)
    forecast = forecaster.predict(fh=steps)
    interval = forecaster.predict_interval(fh=steps, coverage=0.95).to_numpy()
    ink, line, paper = (
        ("white", "#ff9e5e", "#14181e") if dark else ("black", "#b34700", "white")
    )
    figure, axes = plt.subplots(figsize=size, layout="constrained", facecolor=paper)
    axes.set_facecolor(paper)
    shown = passengers[-72:]
    axes.plot(shown.index.to_timestamp(), shown, color=ink, linewidth=1.5)
    times = forecast.index.to_timestamp()
    axes.fill_between(times, *interval.T, color=line, alpha=0.25, linewidth=0)
    axes.plot(times, forecast, color=line, linewidth=2.5)
    axes.axvline(times[0], color=ink, linewidth=0.8, linestyle=":")
    font = {"color": ink, "fontsize": 13}
    across = axes.get_xaxis_transform()
    axes.text(times[0], 0.96, "known  ", ha="right", transform=across, **font)
    axes.text(times[0], 0.96, "  forecast", transform=across, **{**font, "color": line})
    axes.annotate("  what came", (times[-1], shown.iloc[-1]), va="center", **font)
    axes.set_ylabel("passengers (thousands)", color=ink)
    axes.tick_params(colors=ink)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(ink)
    if title:
        axes.set_title(title, color=ink, fontsize=22, loc="left")
    figure.savefig(path, dpi=dpi, facecolor=paper)
    plt.close(figure)


if __name__ == "__main__":
    draw(FOLDER / "tomorrow-light.png", False, (9, 4), 100)
    draw(FOLDER / "tomorrow-dark.png", True, (9, 4), 100)
    card = "skforecast_lstm: Keras LSTMs in scikit-learn"
    draw(FOLDER / "card.png", False, (12, 6.3), 100, card)
