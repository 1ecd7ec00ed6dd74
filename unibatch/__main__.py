"""Makes ``python -m unibatch`` the same as the command ``unibatch``."""

import sys

from unibatch.cli import main

if __name__ == "__main__":
    sys.exit(main())
