"""``python -m kb`` is the command line."""

from .cli import main

main()
