"""The command line, as `python -m uncertain_scale`."""

from uncertain_scale.cli import main

if __name__ == "__main__":
    main()
