"""`python -m plotart` is the `plotart` command."""

import sys

try:
    from plotart.cli import main
except KeyboardInterrupt:  # while modules are read
    sys.exit(130)

if __name__ == "__main__":
    main()
