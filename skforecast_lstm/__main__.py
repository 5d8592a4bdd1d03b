"""What `python -m skforecast_lstm` runs: the command skforecast-lstm."""

import sys

from skforecast_lstm.cli import main

if __name__ == "__main__":
    sys.exit(main())
