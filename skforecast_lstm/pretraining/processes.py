"""Processes that classical forecasters assume: exponential smoothing, ARIMA, counts."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from skforecast_lstm.pretraining.draws import (
    chance,
    choose,
    log_uniform,
    normals,
    smooth_paths,
    uniform,
)
from skforecast_lstm.pretraining.seasons import seasonal_paths

__all__ = ["arima", "counts", "smoothing"]


def smoothing(rng: Generator, seasons: NDArray, n_steps: int, scale: NDArray) -> NDArray:
    """Return draws of exponential smoothing with error, trend and season.

    The parameters are like those that people estimate: the level often follows the
    errors closely or hardly at all, the trend little, the season less.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    seasons : ndarray of int of shape (n,)
        Number of steps in a season.
    n_steps : int
        Number of steps.
    scale : ndarray of shape (n, 1)
        Number of steps over which the first slope would move a series by a few errors.

    Returns
    -------
    values : ndarray of shape (n, n_steps)
    """
    n = len(seasons)
    follows = rng.random((5, n))
    alpha = np.select(
        [follows[0] < 0.2, follows[0] < 0.35],
        [np.exp(rng.uniform(np.log(0.005), np.log(0.15), n)), rng.uniform(0.9, 1, n)],
        rng.uniform(0.05, 0.95, n),
    )
    beta = alpha * np.where(follows[1] < 0.5, 0, rng.uniform(0, 1, n) ** 2 * 0.4)
    gamma = (1 - alpha) * np.where(follows[2] < 0.45, 0, rng.uniform(0, 1, n) ** 2 * 0.6)
    damping = np.where(follows[3] < 0.4, rng.uniform(0.8, 0.995, n), 1)
    has_trend = follows[4] < 0.65
    beta = beta * has_trend
    slope = rng.standard_normal(n) * has_trend * np.exp(rng.uniform(-2, 1.5, n))
    slope = slope * 4 * np.where(damping < 1, 1 - damping, 1 / scale[:, 0])
    level = np.zeros(n)
    rows = np.arange(n)
    pattern = _first_season(rng, seasons, 0.2, 6, seasons > 1)
    errors = normals(rng, n_steps, n)
    heavy = np.flatnonzero(rng.random(n) < 0.15)
    errors[:, heavy] *= np.sqrt(2 / rng.chisquare(4, (n_steps, len(heavy))))
    values = np.empty((n_steps, n))
    for t in range(n_steps):
        phase = t % seasons
        season = pattern[phase, rows]
        error = errors[t]
        slope = damping * slope
        before = level + slope
        values[t] = before + season + error
        level = before + alpha * error
        slope = slope + beta * error
        pattern[phase, rows] = season + gamma * error
    return values.T


def arima(rng: Generator, seasons: NDArray, n_steps: int, scale: NDArray) -> NDArray:
    """Return draws of seasonal ARIMA processes, up to order (3, 2, 3)(1, 1, 1).

    Parameters
    ----------
    rng, seasons, n_steps, scale
        As in `smoothing`.

    Returns
    -------
    values : ndarray of shape (n, n_steps)
    """
    n = len(seasons)
    autoregressive = _stable_coefficients(rng, n)
    moving = -_stable_coefficients(rng, n)
    is_seasonal = seasons > 1
    differenced = choose(rng, n, [0.3, 0.55, 0.15])
    kind = np.where(is_seasonal, choose(rng, n, [0.2, 0.3, 0.5]), 0)
    seasonal_kept = np.select([kind == 2, kind == 1], [1, rng.uniform(-0.3, 0.95, n)], 0)
    seasonal_moving = np.where(kind == 2, -(rng.uniform(0, 1, n) ** 0.7), 0)
    seasonal_moving = np.where(kind == 1, rng.uniform(-0.5, 0.5, n), seasonal_moving)
    warm_up = 50
    length = n_steps + warm_up
    errors = normals(rng, length, n)
    rows, shock = np.arange(n), errors.copy()
    for lag in range(1, 4):
        shock[lag:] += moving[lag - 1] * errors[:-lag]
    for t in range(1, length):
        for lag in range(1, min(t, 3) + 1):
            shock[t] += autoregressive[lag - 1] * shock[t - lag]
    steps = np.arange(length)[:, None] - seasons
    lagged = np.where(steps >= 0, shock[np.maximum(steps, 0), rows], 0)
    shock = shock + seasonal_moving * lagged
    past = _first_season(rng, seasons, 0.3, 8, kind > 0)
    for t in range(length):
        phase = t % seasons
        shock[t] += seasonal_kept * past[phase, rows]
        past[phase, rows] = shock[t]
    values = shock[warm_up:].T
    drift = normals(rng, n, 1) * chance(rng, n, 0.5) * log_uniform(rng, n, 0.1, 3)
    drift = drift * values.std(axis=1, keepdims=True) / np.sqrt(scale)
    once = np.cumsum(values + drift, axis=1)
    # A season that is integrated twice has a wild slope; take the first one out.
    twice = np.cumsum(once - once[:, :1], axis=1)
    return np.choose(differenced[:, None], [values, once, twice])


def _first_season(rng, seasons, low, high, is_seasonal):
    """Return the season that a process begins with, of shape (longest season, n)."""
    n, longest = len(seasons), int(seasons.max())
    amplitude = np.exp(rng.uniform(np.log(low), np.log(high), n)) * is_seasonal
    path = seasonal_paths(rng, seasons, longest, np.full((n, 1), 10.0 * longest))
    return np.ascontiguousarray((path * amplitude[:, None]).T)


def _stable_coefficients(rng, n):
    """Return coefficients of stationary processes of order 0 to 3, of shape (3, n).

    They are computed from partial autocorrelations, of which the first are the largest.
    """
    order = choose(rng, n, [0.3, 0.35, 0.25, 0.1])
    coefficients = np.zeros((3, n))
    for k in range(3):
        partial = np.tanh(rng.standard_normal(n) * (0.8 if k == 0 else 0.4))
        partial = partial * (order > k)
        earlier = coefficients[:k].copy()
        coefficients[:k] = earlier - partial * earlier[::-1]
        coefficients[k] = partial
    return coefficients


def counts(rng: Generator, seasons: NDArray, n_steps: int, scale: NDArray) -> NDArray:
    """Return counts of rare events, often zero, whose rate wanders and has a season.

    Parameters
    ----------
    rng, seasons, n_steps, scale
        As in `smoothing`.

    Returns
    -------
    values : ndarray of shape (n, n_steps)
    """
    n = len(seasons)
    wander = smooth_paths(rng, n, n_steps, scale) * log_uniform(rng, n, 0.05, 0.8)
    season = seasonal_paths(rng, seasons, n_steps, scale)
    season = season * log_uniform(rng, n, 0.1, 0.8) * chance(rng, n, 0.6)
    rate = log_uniform(rng, n, 0.1, 30) * np.exp(np.clip(wander + season, -5, 3))
    shape = log_uniform(rng, n, 0.5, 20)
    rate = np.where(chance(rng, n, 0.5), rate, rng.gamma(shape, rate / shape))
    values = rng.poisson(rate).astype(np.float32)
    demanded = rng.random((n, n_steps)) < uniform(rng, n, 0.1, 0.9)
    return np.where(chance(rng, n, 0.4), values * demanded, values)
