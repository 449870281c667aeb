"""Run the command line with ``python -m dcn_console``."""

from dcn_console.cli.main import main

if __name__ == "__main__":
    main()
