from __future__ import annotations

raise RuntimeError("no key")
