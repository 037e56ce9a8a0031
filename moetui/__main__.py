"""`python -m moetui` is the command `moetui`."""

from moetui.cli.main import main

if __name__ == "__main__":
    main()
