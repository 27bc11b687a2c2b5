import sys

from mlm_demo.cli import main

sys.exit(main())
