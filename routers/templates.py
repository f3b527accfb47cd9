"""Templates: what a reminder may say."""

from __future__ import annotations

from fastapi import APIRouter

from routers.dependencies import Viewer
from schemas.template import TemplateOut
from services.template import templates

router = APIRouter(prefix="/templates", tags=["templates"])


@router.get("", summary="Templates with their texts per language and what is to be filled in")
def list_templates(_principal: Viewer) -> list[TemplateOut]:
    return templates()
