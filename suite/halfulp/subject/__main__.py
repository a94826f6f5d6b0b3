"""`python -m halfulp.subject`: the process in which a backend runs."""

from __future__ import annotations

from halfulp.subject.host import main

if __name__ == "__main__":
    main()
