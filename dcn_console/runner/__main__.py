"""Entry of the runner's process: ``python -m dcn_console.runner``."""

from dcn_console.runner.process import main

if __name__ == "__main__":
    main()
