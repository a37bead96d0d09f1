"""`/_mock/`: what the twin is and what it saw, for people and tests."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from mock_server.invocation import Twin


def admin_router(twin: Twin) -> APIRouter:
    """Return the routes under `/_mock/`."""
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/endpoints")
    async def endpoints() -> list[dict[str, Any]]:
        return [
            {
                "name": entry.name,
                "container": entry.container.name,
                "accepts": entry.accepts,
                "family": entry.family,
                "profile": (entry.profile or twin.profile).name,
                "cut": entry.cut.text,
                "scripts": list(entry.scripts),
                "recordings": list(entry.recording or ()),
                "variants": {variant.name: variant.weight for variant in entry.variants},
                "components": list(entry.components),
                "sessions_s": entry.sessions and entry.sessions.lasting_s,
            }
            for entry in twin.catalog.values()
        ]

    @router.get("/journal")
    async def journal() -> dict[str, list[dict[str, Any]]]:
        seen = twin.journal
        return {"open": [entry.as_json() for entry in seen.open], "finished": [entry.as_json() for entry in seen.finished]}

    @router.post("/reset")
    async def reset() -> dict[str, str]:
        twin.forget()
        return {"status": "ok"}

    return router
