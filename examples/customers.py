"""Forecast the next visit of each customer from the intervals between visits.

One network for all customers reads the last intervals of a customer and forecasts the
next one: as a number of days, and as probabilities of bins, which give a range of
dates. It is compared with simple rules. It learns from the first four fifths of the
time and is tested on the last. The result of a random split of the same visits is shown
too.

Without a file, the visits are generated. Customers have a rhythm and catch up after a
late visit. Some have a fixed weekday. Sometimes they come twice a day or stay away for
weeks. In the last half year the rhythm slows down, and the weekday matters less.
"""

import argparse
import warnings
from pathlib import Path

from skforecast_lstm import (
    BinnedRegressor,
    LookbackWindower,
    LSTMClassifier,
    LSTMRegressor,
)
from skforecast_lstm.exceptions import UnknownStepsWarning
from skforecast_lstm.targets import events_to_intervals, intervals_to_events

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

SHORT, LONG = 3, 8
RANGE = (0.1, 0.9)
NETWORK = {"units": 16, "early_stopping": True}


def generated_visits(n_customers=300, n_days=540, seed=0):
    """Return a table of unsorted visits, a few of them without a time."""
    generator = np.random.default_rng(seed)
    visits = []
    for customer in range(n_customers):
        rhythm = np.clip(generator.lognormal(np.log(8), 0.5), 3, 30)
        has_habit, weekday = generator.random() < 0.6, generator.integers(7)
        planned, day = generator.uniform(0, rhythm), -1
        while planned < n_days:
            change = max(0, (planned - n_days + 180) / 180)
            # A late visit does not move the plan, so the next interval is shorter.
            wanted = planned + generator.normal(0, 0.2 * rhythm)
            if has_habit and generator.random() > change:
                wanted = 7 * round((wanted - weekday) / 7) + weekday
            day = max(round(wanted), day + 1)
            hour = generator.normal(13, 2)
            visits.append((f"customer {customer:03}", 24 * day + hour))
            if generator.random() < 0.1:
                visits.append((f"customer {customer:03}", 24 * day + hour + 2))
            planned += rhythm * (1 + 0.5 * change)
            if generator.random() < 0.02:
                planned += generator.uniform(30, 120)
    table = pd.DataFrame(visits, columns=["customer", "hours"])
    hours = pd.to_timedelta(table.pop("hours"), unit="h").dt.floor("s")
    table["time"] = pd.Timestamp("2025-01-06") + hours
    table.loc[generator.random(len(table)) < 0.002, "time"] = None
    return table.sample(frac=1, random_state=seed)


def read_visits(options):
    """Return visits from a CSV file or a database table, or generated ones."""
    columns = [options.customer, options.time]
    if options.data is None:
        return generated_visits().set_axis(columns, axis=1)
    if "://" not in options.data:
        return pd.read_csv(options.data, usecols=columns)
    import sqlalchemy

    engine = sqlalchemy.create_engine(options.data)
    try:
        with engine.connect() as connection:
            return pd.read_sql_table(options.table, connection, columns=columns)
    finally:
        engine.dispose()


def by_simple_rules(intervals, past):
    """Return the forecasts of simple rules for each visit from the earlier ones."""
    of_customer = intervals["interval"].groupby(level=0)

    def average(steps):
        return of_customer.transform(lambda one: steps(one.shift()).mean())

    return {
        "last interval": of_customer.shift(),
        f"mean of the last {SHORT}": average(lambda one: one.rolling(SHORT)),
        "customer's mean": average(lambda one: one.expanding()),
        "median of all": pd.Series(
            intervals["interval"][past].median(), index=intervals.index
        ),
    }


def behind_windows(lookback, network):
    """Return a pipeline that forecasts the next interval from logarithms of intervals."""
    return make_pipeline(
        FunctionTransformer(np.log1p), LookbackWindower(lookback, horizon=1), network
    )


def fitted_networks(learnt):
    """Return networks of each kind, fitted on the training intervals."""
    regressors = {
        f"LSTMRegressor, windows of {lookback}": behind_windows(
            lookback,
            LSTMRegressor(loss="mean_absolute_error", random_state=0, **NETWORK),
        )
        for lookback in (SHORT, LONG)
    }
    binned = {
        f"{strategy} bins, windows of {lookback}": behind_windows(
            lookback,
            BinnedRegressor(LSTMClassifier(random_state=0, **NETWORK), strategy=strategy),
        )
        for lookback in (SHORT, LONG)
        for strategy in ("quantile", "uniform")
    }
    for pipe in (regressors | binned).values():
        pipe.fit(learnt, learnt["interval"])
    return regressors, binned


def quantiles_of(pipe, intervals, levels):
    """Return quantiles of every row from a pipeline that ends in a BinnedRegressor."""
    return pipe[-1].predict_quantiles(pipe[:-1].transform(intervals), levels)


def compare_errors(forecasts, rules, actual, limit):
    """Return a table of errors, the best first, and sentences on the differences."""
    cut = actual.clip(upper=limit)
    table = pd.DataFrame(
        {
            name: {
                "MAE (days)": (forecast - actual).abs().mean(),
                "outliers cut": (forecast - cut).abs().mean(),
            }
            for name, forecast in forecasts.items()
        }
    ).T.sort_values("MAE (days)")
    errors = table["MAE (days)"]
    best_rule = errors[errors.index.isin(list(rules))].index[0]
    verdict = []
    for lookback in (SHORT, LONG):
        network = errors[errors.index.str.contains(f"windows of {lookback}")]
        gain = 100 * (1 - network.iloc[0] / errors[best_rule])
        verdict.append(
            f"Of the networks with windows of {lookback} the best, {network.index[0]}, "
            f"errs {abs(gain):.1f} % {'less' if gain > 0 else 'more'} than the best "
            f"rule, {best_rule}."
        )
    return table, "\n".join(verdict)


def judge_bins(pipe, intervals, actual, past, judged):
    """Return scores of bins and ranges, and those of the past shares of the bins."""
    binned = pipe[-1]
    inner = binned.bin_edges_[1:-1]
    bins = np.searchsorted(inner, actual)
    probabilities = pipe.predict_proba(intervals)[judged]
    low, high = quantiles_of(pipe, intervals, RANGE)[judged].T
    known = intervals["interval"][past].dropna()
    always = known.quantile(RANGE).to_numpy()
    shares = np.bincount(np.searchsorted(inner, known), minlength=len(binned.classes_))
    shares = np.tile(shares / len(known), (len(actual), 1))
    return {
        "bin right (%)": 100 * np.mean(probabilities.argmax(axis=1) == bins),
        "most frequent bin (%)": 100 * np.mean(shares.argmax(axis=1) == bins),
        "log loss": log_loss(bins, probabilities, labels=binned.classes_),
        "log loss of past shares": log_loss(bins, shares, labels=binned.classes_),
        "in 80 % range (%)": 100 * np.mean((low <= actual) & (actual <= high)),
        "width (days)": np.mean(high - low),
        "in the range of the past (%)": 100 * actual.between(*always).mean(),
        "its width (days)": always[1] - always[0],
    }


def compare_splits(intervals, past, limit, lookback, n_times=3):
    """Return the mean errors of one network after a random split and a split in time."""
    y = intervals["interval"].clip(upper=limit).to_numpy()
    windows = behind_windows(lookback, "passthrough").fit_transform(
        intervals.clip(upper=limit)
    )
    complete = np.flatnonzero(~np.isnan(windows).any(axis=(1, 2)) & ~np.isnan(y))
    errors = []
    for seed in range(n_times):
        network = LSTMRegressor(loss="mean_absolute_error", random_state=seed, **NETWORK)
        generator = np.random.default_rng(seed)
        shuffled = generator.permutation(complete)
        learnt, held_out = np.split(shuffled, [len(shuffled) * 4 // 5])
        late = held_out[~past[held_out]]

        def error(rows, network=network):
            return np.abs(network.predict(windows[rows]) - y[rows]).mean()

        network.fit(windows[learnt], y[learnt])
        promised, of_late = error(held_out), error(late)
        before = generator.permutation(complete[past[complete]])
        network.fit(windows[before], y[before])
        errors.append([promised, of_late, error(late)])
    return np.mean(errors, axis=0)


def next_visits(pipe, intervals, today):
    """Return the date of the next visit of every customer, and its range.

    A customer who has not come by today comes later, so the earlier part of the
    distribution is removed. Customers who have waited longer than the longest training
    interval are left out.
    """
    is_next = intervals.index.get_level_values(-1) == today
    last = intervals[~is_next].reset_index(-1).iloc[:, 0].groupby(level=0).last()
    waited = (today - last) / pd.Timedelta(1, "D")
    edges = pipe[-1].bin_edges_
    days = []
    for probability, wait in zip(
        pipe.predict_proba(intervals)[is_next], waited, strict=True
    ):
        below = np.r_[0, probability.cumsum()]
        over = np.interp(wait, edges, below)
        levels = over + (1 - over) * np.array([RANGE[0], 0.5, RANGE[1]])
        days.append(np.interp(levels, below, edges))
    days = pd.DataFrame(days, index=last.index, columns=["from", "next visit", "until"])
    dates = days.apply(intervals_to_events, last_times=last)
    dates.insert(0, "last visit", last)
    return dates[waited < edges[-1]]


def plot_dates(dates, intervals, today, path):
    """Draw the visits of a few customers, and the forecast of the next."""
    figure, axes = new_figure()
    for row, (customer, date) in enumerate(dates.iterrows()):
        visits = intervals.loc[customer].index
        visits = visits[(visits < today) & (visits > today - pd.Timedelta(90, "D"))]
        first = row == 0
        axes.plot(
            visits, [row] * len(visits), "k|", label="visits" if first else None, ms=12
        )
        axes.plot(
            [date["from"], date["until"]],
            [row, row],
            color="tab:orange",
            linewidth=7,
            alpha=0.5,
            solid_capstyle="butt",
            label="80 % range of the next" if first else None,
        )
        axes.plot(
            date["next visit"],
            row,
            "o",
            color="tab:orange",
            label="its median" if first else None,
        )
    axes.axvline(today, color="grey", linestyle=":", label="today")
    axes.set_yticks(range(len(dates)), dates.index)
    axes.set(
        title="When five customers come back",
        xlabel="date",
        ylabel="customer",
        ylim=(-0.6, len(dates) + 0.6),
    )
    axes.legend(ncols=4, loc="upper left")
    figure.autofmt_xdate()
    figure.savefig(path, dpi=120)


def plot_reliability(pipes, intervals, judged, path):
    """Draw the fraction of visits before each quantile of their forecast."""
    levels = np.linspace(0.05, 0.95, 19)
    actual = intervals["interval"][judged].to_numpy()[:, None]
    figure, axes = new_figure()
    axes.plot([0, 100], [0, 100], color="grey", linestyle=":", label="ideal")
    for name, pipe in pipes.items():
        below = (actual <= quantiles_of(pipe, intervals, levels)[judged]).mean(axis=0)
        axes.plot(100 * levels, 100 * below, marker=".", label=name)
    axes.set(
        title="Do the probabilities hold? Visits of the last fifth of the time",
        xlabel="probability forecast for an earlier visit (%)",
        ylabel="visits that came earlier (%)",
    )
    axes.legend()
    figure.savefig(path, dpi=120)


def plot_splits(errors, path):
    """Draw the errors after each kind of split."""
    figure, axes = new_figure()
    errors[::-1].plot.barh(ax=axes)
    for bars in axes.containers:
        axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.margins(x=0.35)
    axes.set(
        title="One LSTMRegressor, two ways to split",
        xlabel="mean absolute error, outliers cut (days)",
        ylabel="learnt from: judged on",
    )
    figure.savefig(path, dpi=120)


def new_figure():
    """Return a figure that needs no open window."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    plt.close("all")
    return plt.subplots(figsize=(9, 4.5), layout="constrained")


def parsed(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="CSV file, or URL of a database")
    parser.add_argument("--table", default="visits", help="table of the database")
    parser.add_argument("--customer", default="customer", help="column of customers")
    parser.add_argument("--time", default="time", help="column of times")
    parser.add_argument("--plots", type=Path, default=Path(), help="folder for pictures")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parsed(arguments)
    # New customers have no history yet. Only visits after the first windows are judged.
    warnings.simplefilter("ignore", UnknownStepsWarning)
    visits = read_visits(options)
    visits[options.time] = pd.to_datetime(visits[options.time], format="ISO8601")
    today = visits[options.time].max().normalize() + pd.Timedelta(1, "D")
    intervals = events_to_intervals(
        visits, by=options.customer, time=options.time, merge="D", until=today
    )
    times = intervals.index.get_level_values(-1)
    cut = times[times < today].sort_values()[int(0.8 * (times < today).sum())]
    past = times < cut
    # The limit comes only from the past, and cuts only what the network reads. In the
    # test, an outlier counts in full.
    limit = intervals["interval"][past].quantile(0.98)
    learnt = intervals.clip(upper=limit)
    position = intervals.groupby(level=0).cumcount().to_numpy()
    judged = ~past & (times < today) & (position > LONG)
    actual = intervals["interval"][judged]
    if actual.empty:
        raise SystemExit(
            f"No customer has {LONG + 2} days with a visit, the last of them in the last "
            "fifth of the time, so there is nothing to judge forecasts by."
        )
    print(
        f"{len(visits)} rows, {(times < today).sum()} days with a visit, "
        f"{intervals.index.get_level_values(0).nunique()} customers. Learnt from before "
        f"{cut:%Y-%m-%d}, intervals cut at {limit:.1f} days; judged on the "
        f"{judged.sum()} visits since.\n"
    )

    regressors, binned = fitted_networks(learnt[past])
    rules = by_simple_rules(intervals, past)
    forecasts = {name: rule[judged] for name, rule in rules.items()}
    for name, pipe in regressors.items():
        forecasts[name] = pipe.predict(learnt)[judged]
    for name, pipe in binned.items():
        forecasts[f"{name} (median)"] = quantiles_of(pipe, learnt, 0.5)[judged]
    table, verdict = compare_errors(forecasts, rules, actual, limit)
    print(table.to_string(float_format="{:.2f}".format))
    print(f"\n{verdict}\n")

    bins = pd.DataFrame(
        {
            name: judge_bins(pipe, learnt, actual, past, judged)
            for name, pipe in binned.items()
        }
    ).T
    print(bins.T.to_string(float_format="{:.2f}".format))

    splits = pd.DataFrame(
        {
            f"windows of {lookback}": compare_splits(intervals, past, limit, lookback)
            for lookback in (SHORT, LONG)
        },
        index=[
            "random split: its held-out visits",
            "random split: the late ones of these",
            "split in time: the same late visits",
        ],
    )
    print("\nOne LSTMRegressor after two ways to split, MAE in days, outliers cut:")
    print(splits.to_string(float_format="{:.2f}".format))
    promised, _, kept = splits[f"windows of {LONG}"]
    print(
        f"The random split, which has seen the very weeks that it is asked about, "
        f"promises {promised:.2f} with windows of {LONG}. Who learns from the past to "
        f"forecast what comes gets {kept:.2f}: {100 * (kept / promised - 1):+.0f} %.\n"
    )

    everything = intervals.clip(upper=intervals["interval"].quantile(0.98))
    pipe = binned[f"quantile bins, windows of {LONG}"]
    pipe.fit(everything, everything["interval"])
    dates = next_visits(pipe, everything, today)
    five = dates.sample(min(5, len(dates)), random_state=0).sort_index()
    print(f"Next visits, as of {today:%Y-%m-%d}, learnt from all visits:")
    print(five.apply(lambda column: column.dt.strftime("%a %Y-%m-%d")).to_string())

    plot_dates(five, intervals, today, options.plots / "customers-dates.png")
    plot_reliability(binned, learnt, judged, options.plots / "customers-reliability.png")
    plot_splits(splits, options.plots / "customers-splits.png")
    print(f"Pictures saved to {options.plots}/customers-*.png")
    return {"errors": table, "bins": bins, "splits": splits, "dates": dates}


if __name__ == "__main__":
    main()
