"""The command line of the demos."""

import sys

from demos import main

sys.exit(main())
