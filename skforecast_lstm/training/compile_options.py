"""Options of XLA for programs on a CPU; other devices compile with XLA's defaults."""

import os
from collections.abc import Iterable
from typing import Any

import jax

__all__ = ["QUICK_TO_COMPILE", "options_for_batches", "unless_set_by_user"]

# Smallest number of multiplications in a matrix product for which two threads pay off.
WORTH_THREADS = 10**8

# Options for programs that run only a few times. XLA's optimization of machine code takes
# most of the time to compile, far longer than it can save them.
QUICK_TO_COMPILE = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_llvm_force_inline_before_split": False,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}


def options_for_batches(weights: Iterable[Any], batch_size: int) -> dict[str, Any]:
    """Return the options for a loop over batches of a model with these weights.

    Each program uses one thread unless the work is large. Small work is slower with two
    threads, and with one thread the programs of several workers share the cores without
    waiting for each other. The machine code is optimized less, because unrolled loops
    over so few units are slower and take longer to compile. A closer analysis finds the
    copies that a loop needs.
    """
    largest = max((weight.size for weight in weights), default=0)
    # XLA reads no NumPy booleans, which a NumPy batch size would give.
    is_large = bool(largest * batch_size >= WORTH_THREADS)
    return unless_set_by_user(
        {
            "xla_backend_optimization_level": 1,
            "xla_cpu_copy_insertion_use_region_analysis": True,
            "xla_cpu_multi_thread_eigen": is_large,
        }
    )


def unless_set_by_user(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options without those in ``XLA_FLAGS``; none if the device is no CPU."""
    if jax.default_backend() != "cpu":
        return {}
    flags = os.environ.get("XLA_FLAGS", "").split()
    chosen = {flag.partition("=")[0].removeprefix("--") for flag in flags}
    return {name: value for name, value in options.items() if name not in chosen}
