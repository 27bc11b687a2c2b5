import sys

from mlm_demo.cli.main import main

sys.exit(main())
