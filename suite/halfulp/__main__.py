"""`python -m halfulp` is the command `halfulp`."""

from __future__ import annotations

import sys

from halfulp.cli import main

if __name__ == "__main__":
    sys.exit(main())
