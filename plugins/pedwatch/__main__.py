"""``python -m pedwatch``: the command line."""

import sys

from pedwatch.cli import main

if __name__ == "__main__":
    sys.exit(main())
