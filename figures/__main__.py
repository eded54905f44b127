"""The command line of the figures."""

import sys

from figures import main

sys.exit(main())
