"""An operator changes from which figures on an establishment's people are told."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.establishment import Establishment
from services.establishment.settings import by_slug
from services.thresholds import Thresholds, apply_thresholds


def change_thresholds(session: Session, slug: str, wanted: Thresholds) -> Establishment:
    """Change what was asked for; raises `NotFound`, `Invalid` with the field."""
    place = by_slug(session, slug)
    apply_thresholds(place, wanted)
    session.flush()
    return place
