"""The patients' app: built files under `/app/`.

Its link names establishment and department in the fragment (`/app/#/north/lab`), which no browser
sends: nobody's log learns which department a patient was in.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter

from routers.built_site import WEB, Site, site_router

BUILT = WEB / "dist"


def patient_app_router(folder: Path = BUILT) -> APIRouter:
    """Routes that serve the patients' app."""
    return site_router(Site("/app", "app"), folder)
