"""Run the command from a checkout: `python -m statebag`."""

from statebag.cli import main

if __name__ == "__main__":
    main()
