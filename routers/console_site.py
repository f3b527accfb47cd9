"""The staff console: built files under `/console/`; what it shows comes from the API."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter

from routers.built_site import WEB, Site, site_router

BUILT = WEB / "console" / "dist"


def console_site_router(folder: Path = BUILT) -> APIRouter:
    """Routes that serve the console."""
    return site_router(Site("/console", "console", pages_in_browser=True), folder)
