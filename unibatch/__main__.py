"""Makes ``python -m unibatch`` the same as the command ``unibatch``."""

import sys

from unibatch.cli import process

if __name__ == "__main__":
    sys.exit(process())
