"""The page, as Hugging Face Spaces and `make run` start it."""

import sys

from mlm_demo.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
