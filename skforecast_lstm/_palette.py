"""Colours of all pictures."""

__all__ = ["COLOURS"]

# Told apart by people who see no red or green, and in print (Okabe and Ito).
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#666666",
    "#882255",
)
