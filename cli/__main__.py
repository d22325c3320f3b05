"""``python -m cli``: the command line, where the console script is not on the path."""

from cli.main import main

main()
