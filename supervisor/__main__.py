"""`python -m supervisor`: the whole of Careloop on this machine, for development and trying out."""

import os
import sys

from supervisor.run import main

if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Nothing may hold up the end: a plain exit would first wait for a server's start to give up.
    os._exit(code)
