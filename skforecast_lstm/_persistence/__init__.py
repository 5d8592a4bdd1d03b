"""Format and allowed content of the files of `persistence.save`.

This is not the format of skops 0.16. That format reads the dictionary key False back as
True. It has no keys such as None and tuples, and no timestamps of pandas. It finds a
lambda only when a file is opened. It lets a file call any trusted class with arguments
from the file.
"""
