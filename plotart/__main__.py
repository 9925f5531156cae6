"""`python -m plotart` is the `plotart` command."""

from plotart.cli import main

if __name__ == "__main__":
    main()
