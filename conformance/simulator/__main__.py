"""`python -m conformance.simulator`."""

import sys

from .server import main

sys.exit(main())
