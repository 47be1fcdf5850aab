"""`python -m mer` is the same as `mer`."""

import sys

from mer.cli import main

sys.exit(main())
