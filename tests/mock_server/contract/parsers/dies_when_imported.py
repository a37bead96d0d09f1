from __future__ import annotations

import os

os._exit(9)
