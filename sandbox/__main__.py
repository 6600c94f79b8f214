"""`python -m sandbox` is `./sandbox/run` inside an environment that exists already."""

import sys

from sandbox.cli import main

sys.exit(main())
